// What a start asks once, or puts off: the variables that are ours; the file systems that real directories with
// emulated entries are on.
#include "runtime/preload/names/own_variables.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/preload/nodes/shared_file_systems.hpp"

namespace daxemu::preload {
namespace {

class Environment {
public:
  explicit Environment(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (std::string& text : texts_) {
      pointers_.push_back(text.data());
    }
    pointers_.push_back(nullptr);
  }
  [[nodiscard]] char* const* get() const { return pointers_.data(); }

private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

TEST(OwnVariables, AreFoundByTheirWholeName) {
  const Environment environment({"D", "", "DAXEMU_TRACE_SITES=1", "XDAXEMU_TRACE=no", "DAXEM=no", "DAXEMU=emulate",
                                 "DAXEMU_TRACE=/a=b", "DAXEMU_EXPLAIN="});
  const OwnVariables variables(environment.get());
  EXPECT_STREQ(variables.find("DAXEMU"), "emulate");
  EXPECT_STREQ(variables.find("DAXEMU_TRACE"), "/a=b");
  EXPECT_STREQ(variables.find("DAXEMU_TRACE_SITES"), "1");
  EXPECT_STREQ(variables.find("DAXEMU_EXPLAIN"), "");
  EXPECT_EQ(variables.find("DAXEMU_TRACE_SITE"), nullptr);
  EXPECT_EQ(variables.find("DAXEM"), nullptr);
  EXPECT_EQ(OwnVariables(nullptr).find("DAXEMU"), nullptr);
}

TEST(OwnVariables, OfWhichThereMayBeMany) {
  std::vector<std::string> texts(100, "DAXEMU_X=1");
  texts.insert(texts.begin(), "DAXEMU_Y=2");
  const Environment environment(std::move(texts));
  EXPECT_STREQ(OwnVariables(environment.get()).find("DAXEMU_Y"), "2");
}

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
