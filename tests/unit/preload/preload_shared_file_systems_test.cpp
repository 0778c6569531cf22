// The file systems that real directories with emulated entries are on: asked for once, and when it is first wanted.
#include "runtime/preload/nodes/shared_file_systems.hpp"

#include <array>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

namespace daxemu::preload {
namespace {

dev_t device_of(const char* path) {
  struct stat about {};
  return ::stat(path, &about) == 0 ? about.st_dev : 0;
}

TEST(SharedFileSystems, AreThoseOfThePaths) {
  const SharedFileSystems shared;
  EXPECT_EQ(shared.sys(), device_of("/sys"));
  EXPECT_EQ(shared.dev(), device_of("/dev"));
  EXPECT_EQ(shared.proc(), device_of("/proc"));
  EXPECT_TRUE(SharedFileSystems().is_proc(device_of("/proc/self")));
  EXPECT_FALSE(SharedFileSystems().is_proc(device_of("/sys")));
  EXPECT_FALSE(SharedFileSystems().is_proc(makedev(8, 1)));
  struct stat about {};
  ASSERT_EQ(::stat("/dev", &about), 0);
  EXPECT_TRUE(SharedFileSystems().is_dev(about.st_dev, about.st_ino)) << "the first question that is asked";
  EXPECT_FALSE(shared.is_dev(about.st_dev, about.st_ino + 1));
}

TEST(SharedFileSystems, StayWhatTheyWereBehindAnotherRoot) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can have another root";
  }
  std::array<char, 32> empty{"/tmp/daxemu-root-XXXXXX"};
  ASSERT_NE(::mkdtemp(empty.data()), nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const SharedFileSystems asked;
    const SharedFileSystems late;
    asked.settle();
    const dev_t sys = asked.sys();
    const bool moved = ::chroot(empty.data()) == 0;
    ::_exit(moved && sys != 0 && asked.sys() == sys && late.sys() == 0 && late.sys() == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::rmdir(empty.data());
  EXPECT_EQ(status, 0);
}

} // namespace
} // namespace daxemu::preload
