// A program looked at from outside: here this process itself, and children of it.
#include "runtime/supervise/spaces/target.hpp"

#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/supervise/answers/places.hpp"

namespace daxemu::supervise {
namespace {

TEST(SuperviseTarget, ReadsTextUpToItsEnd) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  auto* two = static_cast<char*>(::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(static_cast<void*>(two), MAP_FAILED);
  ::mprotect(two + page, page, PROT_NONE);
  const Target self(::getpid());
  std::memcpy(two + page - 4, "abc", 4); // right before memory that is none
  EXPECT_EQ(self.text(reinterpret_cast<std::uint64_t>(two + page - 4)).value_or("?"), "abc");
  std::memset(two, 'x', page); // without an end
  EXPECT_EQ(self.text(reinterpret_cast<std::uint64_t>(two + page - 4)).error(), Errno{EFAULT});
  EXPECT_EQ(self.text(16).error(), Errno{EFAULT});
  ::mprotect(two + page, page, PROT_READ | PROT_WRITE);
  std::memset(two, 'x', 2 * page);
  EXPECT_EQ(self.text(reinterpret_cast<std::uint64_t>(two)).error(), Errno{ENAMETOOLONG});
  ::munmap(two, 2 * page);
}

TEST(SuperviseTarget, FindsTheProcessOfAThreadAndFreeNumbers) {
  const Target self(::getpid());
  EXPECT_EQ(self.process(), ::getpid());
  const int fd = ::dup2(0, 800);
  EXPECT_EQ(self.free_number(800), 801);
  ::close(fd);
  EXPECT_EQ(self.free_number(800), 800);
  EXPECT_TRUE(self.shares_root());
}

// Whatever it is called: the name stands before what is looked for.
TEST(SuperviseTarget, FindsTheParentOfAChildAndItsEnd) {
  std::uint64_t mine = 0;
  EXPECT_EQ(Target::parent_of(::getpid(), &mine), ::getppid());
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NAME, "a) Z 1 (b\n) X 2");
    (void)!::write(told[1], "n", 1);
    ::pause();
    ::_exit(0);
  }
  char named = 0;
  ASSERT_EQ(::read(told[0], &named, 1), 1);
  std::uint64_t started = 0;
  bool is_dead = true;
  EXPECT_EQ(Target::parent_of(child, &started, &is_dead), ::getpid());
  EXPECT_FALSE(is_dead);
  EXPECT_GE(started, mine);
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  std::uint64_t then = 0;
  EXPECT_EQ(Target::parent_of(child, &then, &is_dead), ::getpid());
  EXPECT_TRUE(is_dead);
  EXPECT_EQ(then, started);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(Target::parent_of(child, &then), 0);
  ::close(told[0]);
  ::close(told[1]);
}

TEST(SupervisePlaces, AreInheritedByChildrenAndNotByStrangers) {
  Places places;
  EXPECT_EQ(places.of(::getpid()), "");
  places.enter(::getpid(), "/sys/bus/dax");
  EXPECT_EQ(places.of(::getpid()), "/sys/bus/dax");
  EXPECT_EQ(places.of(::getppid()), "");
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  EXPECT_EQ(places.of(child), "/sys/bus/dax");
  places.leave(::getpid());
  EXPECT_EQ(places.of(::getpid()), "");
  EXPECT_EQ(places.of(child), "/sys/bus/dax") << "it has its own by now";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(SupervisePlaces, AreInheritedByGrandchildrenWhoseParentsNobodyAskedAbout) {
  Places places;
  places.enter(::getpid(), "/sys/bus/dax");
  int told[2];
  int lasts[2]; // until the test closes it
  ASSERT_EQ(::pipe(told), 0);
  ASSERT_EQ(::pipe(lasts), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const pid_t grandchild = ::fork();
    ::close(lasts[1]);
    if (grandchild == 0) {
      char word = 0;
      (void)!::read(lasts[0], &word, 1);
      ::_exit(0);
    }
    (void)!::write(told[1], &grandchild, sizeof grandchild);
    ::waitpid(grandchild, nullptr, 0);
    ::_exit(0);
  }
  pid_t grandchild = 0;
  ASSERT_EQ(::read(told[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  EXPECT_EQ(places.of(grandchild), "/sys/bus/dax");
  places.leave(::getpid());
  EXPECT_EQ(places.of(grandchild), "/sys/bus/dax") << "it has its own by now";
  for (const int fd : {told[0], told[1], lasts[0], lasts[1]}) {
    ::close(fd);
  }
  ::waitpid(child, nullptr, 0);
}

} // namespace
} // namespace daxemu::supervise
