// Where named platforms are kept, and which directories are not trusted.
#include "emu/store/location.hpp"

#include <cstdlib>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/unit/own_home.hpp"

namespace daxemu::store {
namespace {

namespace fs = std::filesystem;

class Home : public OwnHome {};

TEST(PlatformName, IsOneThatCanBeAFileName) {
  for (const char* good : {"lab", "a", "lab-1_x.y", "01234567890123456789012345678901"}) {
    EXPECT_TRUE(is_platform_name(good)) << good;
  }
  for (const char* bad : {"", ".", "..", ".lab", "-lab", "a/b", "a b", "a\n", "012345678901234567890123456789012"}) {
    EXPECT_FALSE(is_platform_name(bad)) << bad;
  }
}

TEST_F(Home, ANameMeansAStoreInTheHomeAndAPathItself) {
  EXPECT_EQ(store_location("lab")->view(), home_.string() + "/lab/store");
  EXPECT_EQ(store_location("/proc/1/fd/3")->view(), "/proc/1/fd/3");
  EXPECT_EQ(store_location("..").error(), Errno{EINVAL});
  EXPECT_EQ(store_location("/" + std::string(600, 'x')).error(), Errno{ENAMETOOLONG});
}

TEST(PlatformHome, IsPerUserWhereNothingIsSaid) {
  ::unsetenv("DAXEMU_HOME");
  EXPECT_EQ(platforms_directory()->view(), "/dev/shm/daxemu-" + std::to_string(::geteuid()));
}

TEST_F(Home, IsMadePrivateAndRefusedWhenItIsNot) {
  ASSERT_TRUE(make_private(home_.c_str()).has_value());
  struct stat st = {};
  ASSERT_EQ(::stat(home_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0700U);
  EXPECT_TRUE(make_private(home_.c_str()).has_value()) << "a second time";
  fs::permissions(home_, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(check_private(home_.c_str()).error(), Errno{EACCES});
  fs::remove_all(home_);
  fs::create_directory_symlink("/tmp", home_);
  EXPECT_EQ(make_private(home_.c_str()).error(), Errno{ELOOP});
  fs::remove(home_);
  EXPECT_EQ(check_private(home_.c_str()).error(), Errno{ENOENT});
}

} // namespace
} // namespace daxemu::store
