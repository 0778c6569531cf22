// The ring of events: what it keeps, what it counts as lost, and that no event is ever a mixture of two.
#include "emu/trace/ring.hpp"

#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::trace {
namespace {

struct Fixture {
  UniqueFd fd{*sys::memfd_create("ring", MFD_CLOEXEC)};
  Ring ring;
  explicit Fixture(std::uint64_t capacity) : ring(*Ring::create(fd.get(), capacity)) {}
};

// An event whose fields all say the same, so that a mixture shows.
Event event_of(std::uint64_t number) {
  Event event;
  event.begin_ns = number;
  event.duration_ns = event.offset = event.length = event.address = event.site = number;
  event.value = static_cast<std::int64_t>(number);
  event.pid = event.tid = static_cast<std::int32_t>(number);
  event.minor = static_cast<std::uint32_t>(number);
  event.kind = Kind::fault;
  event.text = FixedString<48>(std::to_string(number));
  return event;
}

::testing::AssertionResult is_whole(const Event& event) {
  const std::uint64_t number = event.begin_ns;
  const bool same = event.duration_ns == number && event.offset == number && event.length == number &&
                    event.address == number && event.site == number &&
                    event.value == static_cast<std::int64_t>(number) &&
                    event.pid == static_cast<std::int32_t>(number) && event.tid == event.pid &&
                    event.minor == static_cast<std::uint32_t>(number) && event.text.view() == std::to_string(number);
  return same ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << "a mixture around " << number;
}

TEST(TraceRing, KeepsEventsInTheirOrder) {
  const Fixture made(8);
  for (std::uint64_t number = 1; number <= 5; ++number) {
    made.ring.write(event_of(number));
  }
  const Ring::Contents contents = made.ring.read();
  ASSERT_EQ(contents.events.size(), 5U);
  EXPECT_EQ(contents.written, 5U);
  EXPECT_EQ(contents.overwritten, 0U);
  EXPECT_EQ(contents.lost, 0U);
  for (std::uint64_t at = 0; at < 5; ++at) {
    EXPECT_EQ(contents.events[at].begin_ns, at + 1);
    EXPECT_TRUE(is_whole(contents.events[at]));
  }
}

TEST(TraceRing, SaysAnEventAnewWhereItStillIs) {
  const Fixture made(4);
  const std::uint64_t place = made.ring.write(event_of(1));
  made.ring.write(event_of(3));
  made.ring.rewrite(place, event_of(2));
  made.ring.rewrite(0, event_of(9)); // of an event that was lost
  ASSERT_EQ(made.ring.read().events.size(), 2U);
  EXPECT_TRUE(is_whole(made.ring.read().events[0]));
  EXPECT_EQ(made.ring.read().events[0].begin_ns, 2U);
  for (std::uint64_t number = 4; number <= 7; ++number) {
    made.ring.write(event_of(number)); // over all of them
  }
  made.ring.rewrite(place, event_of(2));
  EXPECT_EQ(made.ring.read().events[0].begin_ns, 4U);
  EXPECT_EQ(made.ring.read().lost, 0U);
}

TEST(TraceRing, KeepsTheNewestAndCountsTheOverwritten) {
  const Fixture made(5); // 8, the next power of two
  EXPECT_EQ(made.ring.capacity(), 8U);
  for (std::uint64_t number = 1; number <= 20; ++number) {
    made.ring.write(event_of(number));
  }
  const Ring::Contents contents = made.ring.read();
  EXPECT_EQ(contents.written, 20U);
  EXPECT_EQ(contents.overwritten, 12U);
  ASSERT_EQ(contents.events.size(), 8U);
  EXPECT_EQ(contents.events.front().begin_ns, 13U);
  EXPECT_EQ(contents.events.back().begin_ns, 20U);
}

TEST(TraceRing, RefusesForeignFiles) {
  const UniqueFd empty(*sys::memfd_create("empty", MFD_CLOEXEC));
  EXPECT_EQ(Ring::map(empty.get()).error(), Errno{EPROTO});
  ASSERT_TRUE(sys::ftruncate(empty.get(), 1 << 20));
  EXPECT_EQ(Ring::map(empty.get()).error(), Errno{EPROTO});
  EXPECT_EQ(Ring::create(empty.get(), 0).error(), Errno{EINVAL});
  EXPECT_EQ(Ring::open("/nonexistent").error(), Errno{ENOENT});
  const Fixture cut(8);
  ASSERT_TRUE(sys::ftruncate(cut.fd.get(), 4096)); // capacity says more than the file has
  EXPECT_EQ(Ring::map(cut.fd.get()).error(), Errno{EPROTO});
}

TEST(TraceRing, ManyThreadsOnAFullRingNeverMixEvents) {
  constexpr std::uint64_t kEach = 20'000;
  constexpr std::uint64_t kThreads = 4;
  const Fixture made(16); // so small that writers meet all the time
  std::vector<std::thread> threads;
  std::atomic<bool> running{true};
  threads.reserve(kThreads);
  for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&made, thread] {
      for (std::uint64_t at = 0; at < kEach; ++at) {
        made.ring.write(event_of(1 + thread * kEach + at));
      }
    });
  }
  std::thread reader([&] {
    while (running.load()) {
      for (const Event& event : made.ring.read().events) {
        ASSERT_TRUE(is_whole(event));
      }
    }
  });
  for (std::thread& thread : threads) {
    thread.join();
  }
  running.store(false);
  reader.join();
  const Ring::Contents contents = made.ring.read();
  EXPECT_EQ(contents.written, kThreads * kEach);
  EXPECT_EQ(contents.overwritten, kThreads * kEach - 16);
  EXPECT_LE(contents.events.size(), 16U);
  for (const Event& event : contents.events) {
    EXPECT_TRUE(is_whole(event));
  }
}

TEST(TraceRing, IsSharedByProcessesAndSurvivesTheirDeath) {
  const Fixture made(1024);
  constexpr int kChildren = 4;
  for (int child = 0; child < kChildren; ++child) {
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      const auto own = Ring::map(made.fd.get());
      for (std::uint64_t number = 1; own && number < 1'000'000; ++number) {
        own->write(event_of(number));
      }
      ::_exit(0);
    }
    ::usleep(20'000);
    ::kill(pid, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  }
  const Ring::Contents before = made.ring.read();
  EXPECT_GT(before.written, 0U);
  for (const Event& event : before.events) {
    EXPECT_TRUE(is_whole(event));
  }
  // At most one slot each is stuck: a whole lap of ours loses no more events than that.
  for (std::uint64_t number = 1; number <= made.ring.capacity(); ++number) {
    made.ring.write(event_of(number));
  }
  const Ring::Contents after = made.ring.read();
  EXPECT_LE(after.lost - before.lost, static_cast<std::uint64_t>(kChildren));
  EXPECT_GE(after.events.size(), made.ring.capacity() - kChildren);
}

} // namespace
} // namespace daxemu::trace
