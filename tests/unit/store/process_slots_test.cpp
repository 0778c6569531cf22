// Process slots: one per process, the dead recognised and replaced.
#include "emu/store/processes/process_slots.hpp"

#include <fstream>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace daxemu::store {
namespace {

Store small_store() {
  auto fd = sys::memfd_create("slots", MFD_CLOEXEC);
  EXPECT_TRUE(fd.has_value());
  auto store = Store::create(UniqueFd(*fd), "slots", {.regions = 1, .devices = 1, .processes = 3});
  EXPECT_TRUE(store.has_value());
  return std::move(*store);
}

// A child that claims a slot and then waits to be ended.
pid_t claiming_child(const Store& store) {
  int ready[2];
  EXPECT_EQ(::pipe(ready), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const char done = claim_slot(store).has_value() ? 'y' : 'n';
    (void)!::write(ready[1], &done, 1);
    ::pause();
    ::_exit(0);
  }
  char done = 0;
  EXPECT_EQ(::read(ready[0], &done, 1), 1);
  EXPECT_EQ(done, 'y');
  ::close(ready[0]);
  ::close(ready[1]);
  return pid;
}

void end(pid_t pid) {
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST(StartTime, IsThatOfProcAndEsrchForNobody) {
  const auto start = start_time_of(::getpid());
  ASSERT_TRUE(start.has_value());
  EXPECT_GT(*start, 0U);
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  ::siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(start_time_of(child).error(), Errno{ESRCH}) << "a zombie holds nothing any more";
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(start_time_of(child).error(), Errno{ESRCH});
}

TEST(Slots, AProcessHasOneHoweverOftenItAsks) {
  const Store store = small_store();
  auto first = claim_slot(store);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(*claim_slot(store), *first);
  EXPECT_TRUE(is_alive(**first));
  release_slot(store);
  EXPECT_FALSE(is_alive(**first));
}

TEST(Slots, TheDeadAreReplacedAndTheirHeirIsTold) {
  const Store store = small_store();
  const std::vector<pid_t> children = {claiming_child(store), claiming_child(store), claiming_child(store)};
  EXPECT_EQ(claim_slot(store).error(), Errno{ENOSPC});
  end(children[1]);
  static int told;
  told = 0;
  auto mine = claim_slot(store, [](const Store&, ProcessSlot& slot) { told = slot.pid; });
  ASSERT_TRUE(mine.has_value());
  EXPECT_EQ(told, children[1]);
  EXPECT_EQ((*mine)->pid, ::getpid());
  end(children[0]);
  end(children[2]);
}

TEST(Slots, AKilledTakerLosesWhatItHadHalfTaken) {
  const Store store = small_store();
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  for (ProcessSlot& slot : store.slots()) {
    slot.state = kSlotTaking | static_cast<std::uint32_t>(child) << kTakerShift;
  }
  store.slots()[0].state = kSlotTaking | static_cast<std::uint32_t>(::getppid()) << kTakerShift; // alive: left alone
  const auto mine = claim_slot(store, [](const Store&, ProcessSlot&) { ADD_FAILURE() << "it held nothing"; });
  ASSERT_TRUE(mine.has_value());
  EXPECT_EQ(*mine, &store.slots()[1]);
}

TEST(Slots, ARecycledPidIsNotItsFormerOwner) {
  const Store store = small_store();
  auto mine = claim_slot(store);
  ASSERT_TRUE(mine.has_value());
  (*mine)->start_time += 1;
  EXPECT_FALSE(is_alive(**mine));
}

} // namespace
} // namespace daxemu::store
