// Named platforms: all or nothing when made, kept while used, gone without a trace when destroyed.
#include "runtime/cli/platforms/named_platform.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/backing/file_source.hpp"
#include "emu/base/units.hpp"
#include "emu/store/processes/process_slots.hpp"
#include "tests/unit/own_home.hpp"

namespace daxemu::cli {
namespace {

namespace fs = std::filesystem;

PlatformOptions small_device() {
  PlatformOptions options;
  options.size = 4ULL << 20;
  options.backing = store::BackingKind::shmem;
  return options;
}

class NamedPlatform : public OwnHome {};

TEST_F(NamedPlatform, OutlivesItsMakerAndKeepsBytes) {
  {
    auto made = create_named("lab", small_device());
    ASSERT_TRUE(made.has_value()) << made.error().what;
    const auto fd = sys::open(made->device_named("dax0.0")->backing.location.c_str(), O_RDWR);
    ASSERT_TRUE(fd.has_value());
    const UniqueFd bytes(*fd);
    EXPECT_EQ(*sys::pwrite(bytes.get(), "kept", 4, kPmdSize), 4U);
  }
  EXPECT_EQ(named_platforms(), std::vector<std::string>{"lab"});
  auto again = open_platform("lab");
  ASSERT_TRUE(again.has_value());
  char text[5] = {};
  const UniqueFd bytes(*sys::open(again->device_named("dax0.0")->backing.location.c_str(), O_RDONLY));
  EXPECT_EQ(*sys::pread(bytes.get(), text, 4, kPmdSize), 4U);
  EXPECT_STREQ(text, "kept");
  ASSERT_TRUE(destroy_named("lab", false).has_value());
  EXPECT_TRUE(fs::is_empty(home_));
}

TEST_F(NamedPlatform, ATakenOrBadNameIsRefused) {
  ASSERT_TRUE(create_named("lab", small_device()).has_value());
  EXPECT_EQ(create_named("lab", small_device()).error().code, EEXIST);
  EXPECT_EQ(create_named("../lab", small_device()).error().code, EINVAL);
  EXPECT_EQ(destroy_named("..", true).error().code, EINVAL);
  EXPECT_EQ(destroy_named("other", false).error().code, ENOENT);
  EXPECT_EQ(open_platform("other").error().code, ENOENT);
}

TEST_F(NamedPlatform, NothingIsLeftOfOneThatCannotBeMade) {
  PlatformOptions options = small_device();
  options.size = 1ULL << 60;
  EXPECT_EQ(create_named("huge", options).error().code, ENOSPC);
  EXPECT_TRUE(named_platforms().empty());
  EXPECT_FALSE(fs::exists(home_ / "huge"));
}

TEST_F(NamedPlatform, WhatAKilledCreateLeftIsReplaced) {
  fs::create_directories(home_ / "lab");
  fs::permissions(home_, fs::perms::owner_all);
  std::ofstream(home_ / "lab" / "dax0.0") << "half";
  EXPECT_TRUE(named_platforms().empty());
  EXPECT_TRUE(create_named("lab", small_device()).has_value());
}

TEST_F(NamedPlatform, OneInUseIsKeptUnlessForced) {
  auto made = create_named("lab", small_device());
  ASSERT_TRUE(made.has_value());
  ASSERT_TRUE(store::claim_slot(*made).has_value());
  EXPECT_EQ(users_of(*made), std::vector<int>{::getpid()});
  const auto refused = destroy_named("lab", false);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, EBUSY);
  EXPECT_NE(refused.error().what.find(std::to_string(::getpid())), std::string::npos);
  EXPECT_TRUE(destroy_named("lab", true).has_value());
}

TEST_F(NamedPlatform, AHomeOpenToOthersIsRefused) {
  fs::create_directories(home_);
  fs::permissions(home_, fs::perms::all);
  EXPECT_EQ(create_named("lab", small_device()).error().code, EACCES);
}

// A made-up /proc/mounts with a "hugetlbfs" that is an ordinary directory.
TEST_F(NamedPlatform, HugePagesComeFromTheMountOfTheirSize) {
  fs::create_directories(home_ / "huge2M");
  fs::create_directories(home_ / "files");
  const std::string mounts = (home_ / "mounts").string();
  std::ofstream(mounts) << "none " << (home_ / "huge2M").string() << " hugetlbfs rw,pagesize=2M 0 0\n"
                        << "none /nowhere hugetlbfs rw,pagesize=1024M 0 0\n";
  backing::DirectorySource source((home_ / "files").string(), "prefix-", mounts);
  auto file = source.make("dax0.0", kPmdSize);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->location, (home_ / "huge2M" / "prefix-dax0.0").string());
  EXPECT_EQ(source.make("dax0.0", kPmdSize).error(), Errno{EEXIST});
  EXPECT_EQ(source.make("dax0.0", kPudSize).error(), Errno{ENODEV}) << "not writable, not there";
  source.discard(*file);
  EXPECT_FALSE(fs::exists(file->location));
}

} // namespace
} // namespace daxemu::cli
