// A process's part in a trace: nothing while off, everything once it has joined, also in its children.
#include "emu/trace/trace.hpp"

#include <string_view>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::trace {
namespace {

class Trace : public ::testing::Test {
protected:
  void TearDown() override { detach(); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }
  UniqueFd fd_{*sys::memfd_create("trace", MFD_CLOEXEC)};
  Ring ring_{*Ring::create(fd_.get(), 64)};
};

TEST_F(Trace, NotesNothingWhileOff) {
  EXPECT_FALSE(on());
  EXPECT_EQ(begin(), 0U);
  note([] { return Event{.kind = Kind::fault}; });
  note_since(1, [] { return Event{.kind = Kind::fault}; });
  EXPECT_EQ(ring_.read().written, 0U);
}

TEST_F(Trace, SaysWhoJoined) {
  ASSERT_TRUE(attach(path().c_str()));
  const auto events = ring_.read().events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::process);
  EXPECT_EQ(events[0].pid, ::getpid());
  EXPECT_EQ(events[0].text.view(), "unit_trace");
  EXPECT_EQ(attach(path().c_str()).error(), Errno{EBUSY});
}

// One ring: what gets everything goes before what gets refusals. Sites are wanted whatever the value.
TEST_F(Trace, JoinsAsItIsAsked) {
  const std::string ring = path();
  attach_as_asked({});
  attach_as_asked(Asked::of([](const char*) { return ""; }));
  EXPECT_TRUE(sites());
  want_sites(false);
  EXPECT_EQ(refusals(), nullptr);
  attach_as_asked({.refusals = ring.c_str()});
  EXPECT_FALSE(on());
  EXPECT_NE(refusals(), nullptr);
  detach();
  attach_as_asked(Asked::of([&](std::string_view name) { return name == kSitesVariable ? nullptr : ring.c_str(); }));
  EXPECT_TRUE(on());
  EXPECT_FALSE(sites());
}

TEST_F(Trace, FillsInWhenAndWho) {
  ASSERT_TRUE(attach(path().c_str()));
  const std::uint64_t before = now_ns();
  note([] { return Event{.offset = 7, .minor = 3, .kind = Kind::map}; });
  note([] { return Event{.begin_ns = 5, .pid = 1, .tid = 2, .kind = Kind::fault}; }); // what the caller says stays
  const auto events = ring_.read().events;
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].begin_ns, 5U);
  EXPECT_EQ(events[0].pid, 1);
  EXPECT_EQ(events[0].tid, 2);
  EXPECT_EQ(events[2].kind, Kind::map);
  EXPECT_EQ(events[2].offset, 7U);
  EXPECT_EQ(events[2].minor, 3U);
  EXPECT_EQ(events[2].pid, ::getpid());
  EXPECT_EQ(events[2].tid, ::gettid());
  EXPECT_GE(events[2].begin_ns, before);
  EXPECT_LE(events[2].begin_ns, now_ns());
}

TEST_F(Trace, MeasuresWhatTakesTime) {
  ASSERT_TRUE(attach(path().c_str()));
  const std::uint64_t since = begin();
  ASSERT_NE(since, 0U);
  ::usleep(2000);
  note_since(since, [] { return Event{.kind = Kind::fault}; });
  const auto events = ring_.read().events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].begin_ns, since);
  EXPECT_GE(events[1].duration_ns, 2'000'000U);
}

TEST_F(Trace, GoesOnInAForkedChild) {
  ASSERT_TRUE(attach(path().c_str()));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    note([] { return Event{.kind = Kind::unmap}; });
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const auto events = ring_.read().events;
  ASSERT_EQ(events.size(), 3U); // its name, and what it noted
  EXPECT_EQ(events[1].kind, Kind::process);
  EXPECT_EQ(events[1].text.view(), events[0].text.view());
  EXPECT_EQ(events[1].pid, child);
  EXPECT_EQ(events[2].pid, child);
}

TEST(TraceNames, AreThoseOfTheFiles) {
  EXPECT_EQ(name_of(Kind::process), "process");
  EXPECT_EQ(name_of(Kind::sysfs_write), "sysfs_write");
  EXPECT_EQ(name_of(Kind::sigbus), "sigbus");
  EXPECT_EQ(name_of(static_cast<Kind>(kKinds)), "?");
}

} // namespace
} // namespace daxemu::trace
