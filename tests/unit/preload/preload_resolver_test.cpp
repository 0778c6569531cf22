// What the resolver makes of every way to write a path.
#include <string>

#include "runtime/preload/names/known_directories.hpp"
#include "runtime/preload/names/resolver.hpp"
#include "tests/unit/preload/preload_support.hpp"

namespace daxemu::preload {
namespace {

// "node PATH", "elsewhere PATH", "foreign", or "errno N".
std::string resolved(const std::string& path, Follow follow = Follow::always, int dirfd = AT_FDCWD) {
  Resolution found;
  context().resolver().resolve(dirfd, path.c_str(), follow, found);
  switch (found.kind) {
  case Resolution::Kind::foreign:
    return "foreign";
  case Resolution::Kind::elsewhere:
    return "elsewhere " + std::string(found.path.view());
  case Resolution::Kind::node:
    EXPECT_EQ(found.path.view(), found.node.path.view());
    return "node " + std::string(found.path.view());
  case Resolution::Kind::refused:
    return "errno " + std::to_string(found.error.value);
  }
  return "?";
}

std::string errno_text(int code) {
  return "errno " + std::to_string(code);
}

const std::string kNode = "node " + std::string(kDeviceNode);
const std::string kDirectory = "node " + std::string(kDeviceDirectory);

TEST(Resolver, TellsUnrelatedPathsByTheirText) {
  const Resolver& resolver = context().resolver();
  for (const char* path : {"/usr/bin/ls", "/dev/null", "/sys/class/net", "/tmp", "/", "/etc/../usr/lib", "relative",
                           "./a/b", "../x", "/proc/cpuinfo", "/home/dax0.0"}) {
    EXPECT_FALSE(resolver.is_likely(AT_FDCWD, path)) << path;
  }
  for (const char* path : {"/dev/dax0.0", "/sys/bus/dax", "/sys/bus/dax/devices/dax0.0/size", "//dev//dax0.0",
                           "/usr/../dev/dax0.0", "/proc/self/fd/3", "/dev/fd/3", "../../dev/dax0.0"}) {
    EXPECT_TRUE(resolver.is_likely(AT_FDCWD, path)) << path;
  }
}

TEST(Resolver, FindsNodesHoweverTheyAreWritten) {
  EXPECT_EQ(resolved("/dev/dax0.0"), kNode);
  EXPECT_EQ(resolved("//dev///dax0.0"), kNode);
  EXPECT_EQ(resolved("/dev/./dax0.0"), kNode);
  EXPECT_EQ(resolved("/usr/../dev/dax0.0"), kNode);
  EXPECT_EQ(resolved("/sys/bus/dax/../../../dev/dax0.0"), kNode);
  EXPECT_EQ(resolved("/../../dev/dax0.0"), kNode);
}

TEST(Resolver, FollowsEmulatedLinks) {
  EXPECT_EQ(resolved(kDeviceLink), kDirectory);
  EXPECT_EQ(resolved(kDeviceLink, Follow::not_last), "node " + std::string(kDeviceLink));
  EXPECT_EQ(resolved(std::string(kDeviceLink) + "/", Follow::not_last), kDirectory);
  EXPECT_EQ(resolved(std::string(kDeviceLink) + "/size", Follow::not_last), kDirectory + "/size");
  EXPECT_EQ(resolved(std::string(kDeviceLink) + "/subsystem/devices/dax0.0/subsystem"), "node /sys/bus/dax");
  EXPECT_EQ(resolved("/sys/dev/char/254:0/size"), kDirectory + "/size");
}

TEST(Resolver, WalksUpwardsPhysically) {
  // ".." of a link's target is the target's parent, not the link's.
  EXPECT_EQ(resolved(std::string(kDeviceLink) + "/.."), "node /sys/devices/platform/hmem.0");
  EXPECT_EQ(resolved(std::string(kDeviceLink) + "/../.."), "node /sys/devices/platform");
}

TEST(Resolver, LeavesToTheKernelWhatLiesBehindEmulatedDirectories) {
  EXPECT_EQ(resolved("/sys/bus/dax/../../kernel/mm"), "elsewhere /sys/kernel/mm");
  EXPECT_EQ(resolved("/usr/bin/env"), "foreign");
  EXPECT_EQ(resolved("/sys/kernel/mm"), "foreign");
}

TEST(Resolver, RefusesAsTheKernelWould) {
  EXPECT_EQ(resolved("/sys/bus/dax/devices/dax9.9"), errno_text(ENOENT));
  EXPECT_EQ(resolved(std::string(kDeviceLink) + "/size/x"), errno_text(ENOTDIR));
  EXPECT_EQ(resolved("/dev/dax0.0/"), errno_text(ENOTDIR));
  EXPECT_EQ(resolved("/dev/dax0.0/."), errno_text(ENOTDIR));
}

TEST(Resolver, KnowsWhereSomethingCouldBeCreated) {
  Resolution found;
  context().resolver().resolve(AT_FDCWD, "/sys/bus/dax/new", Follow::always, found);
  EXPECT_TRUE(found.kind == Resolution::Kind::refused && found.creatable);
  context().resolver().resolve(AT_FDCWD, "/sys/bus/dax/new/deeper", Follow::always, found);
  EXPECT_TRUE(found.kind == Resolution::Kind::refused && !found.creatable);
}

TEST(Resolver, FollowsRealLinksToEmulatedNodes) {
  const Scratch scratch;
  ASSERT_EQ(::symlink("/dev/dax0.0", (scratch / "device").c_str()), 0);
  ASSERT_EQ(::symlink("/sys/bus/dax/devices", (scratch / "devices").c_str()), 0);
  ASSERT_EQ(::symlink("device", (scratch / "again").c_str()), 0);
  ASSERT_EQ(::symlink("loop", (scratch / "loop").c_str()), 0);
  EXPECT_EQ(resolved(scratch / "device"), kNode);
  EXPECT_EQ(resolved(scratch / "again"), kNode);
  EXPECT_EQ(resolved(scratch / "device", Follow::not_last), "foreign");
  EXPECT_EQ(resolved(scratch / "devices/dax0.0/align"), kDirectory + "/align");
  EXPECT_EQ(resolved(scratch / "loop"), "foreign"); // the kernel says ELOOP
  EXPECT_FALSE(context().resolver().is_likely(AT_FDCWD, (scratch / "device").c_str()));
  EXPECT_TRUE(context().resolver().is_worth_a_walk(AT_FDCWD, (scratch / "device").c_str(), Follow::always));
  EXPECT_TRUE(
      context().resolver().is_worth_a_walk(AT_FDCWD, (scratch / "devices/dax0.0/align").c_str(), Follow::always));
  EXPECT_FALSE(context().resolver().is_worth_a_walk(AT_FDCWD, (scratch / "absent").c_str(), Follow::always));
  ASSERT_EQ(::symlink(kDeviceDirectory, (scratch / "later").c_str()), 0); // in a directory already known to exist
  EXPECT_TRUE(context().resolver().is_worth_a_walk(AT_FDCWD, (scratch / "later").c_str(), Follow::always));
  EXPECT_FALSE(context().resolver().is_worth_a_walk(AT_FDCWD, (scratch / "later").c_str(), Follow::not_last));
  EXPECT_FALSE(context().resolver().is_worth_a_walk(AT_FDCWD, "/sys/kernel/absent", Follow::not_last)); // not claimed
  ASSERT_EQ(::symlink("/sys/kernel", (scratch / "kernel").c_str()), 0);
  EXPECT_TRUE(context().resolver().is_worth_a_walk(AT_FDCWD, (scratch / "kernel/absent").c_str(), Follow::not_last));
  EXPECT_TRUE(context().resolver().is_worth_a_walk(AT_FDCWD, (scratch / "later/size").c_str(), Follow::not_last));
}

TEST(Resolver, LooksOnceAtWhatAKnownFolderLacks) {
  const Scratch scratch;
  ASSERT_EQ(::mkdir((scratch / "real").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("real", (scratch / "lib").c_str()), 0); // as /lib is
  const auto is_worth = [](const std::string& path) {
    return context().resolver().is_worth_a_walk(AT_FDCWD, path.c_str(), Follow::always);
  };
  bool walked = true; // a folder is known for the rest of a second
  for (int attempt = 0; walked && attempt < 5; ++attempt) {
    walked = is_worth(scratch / "lib/modules/6.1/modules.alias") && is_worth(scratch / "lib/modules/6.1/modules.dep");
  }
  EXPECT_FALSE(walked);
  ASSERT_EQ(::symlink("/dev", (scratch / "real/modules").c_str()), 0);
  EXPECT_TRUE(is_worth(scratch / "lib/modules/dax0.0")); // what was not there is a link now
  ASSERT_EQ(::unlink((scratch / "real/modules").c_str()), 0);
  ASSERT_EQ(::mkdir((scratch / "real/modules").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("/sys/bus/dax", (scratch / "real/modules/6.1").c_str()), 0);
  EXPECT_TRUE(is_worth(scratch / "lib/modules/6.1/devices"));
}

TEST(Resolver, StartsAtADirectoryDescriptor) {
  const int slash = ::open("/", O_PATH | O_DIRECTORY);
  const int sys = ::open("/sys", O_PATH | O_DIRECTORY);
  ASSERT_GE(slash, 0);
  ASSERT_GE(sys, 0);
  EXPECT_EQ(resolved("dev/dax0.0", Follow::always, slash), kNode);
  EXPECT_EQ(resolved("bus/dax", Follow::always, sys), "node /sys/bus/dax");
  EXPECT_EQ(resolved("../dev/dax0.0", Follow::always, sys), kNode);
  EXPECT_TRUE(context().resolver().is_likely(sys, "bus/dax"));
  EXPECT_FALSE(context().resolver().is_likely(slash, "dev/dax0.0")); // found when the kernel says ENOENT
  const auto bus = context().opener().open(*context().tree().lookup("/sys/bus/dax"), O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(bus);
  EXPECT_EQ(resolved("devices", Follow::always, *bus), "node /sys/bus/dax/devices");
  EXPECT_EQ(resolved("..", Follow::always, *bus), "node /sys/bus");
  for (const int fd : {slash, sys, *bus}) {
    ::close(fd);
  }
}

TEST(Resolver, SeesThroughLinksToOpenFiles) {
  const auto device = context().opener().open(*context().tree().lookup(kDeviceNode), O_RDWR);
  ASSERT_TRUE(device);
  const std::string link = "/proc/self/fd/" + std::to_string(*device);
  EXPECT_EQ(resolved(link), kNode);
  EXPECT_EQ(resolved(link, Follow::not_last), "foreign");
  EXPECT_EQ(resolved("/dev/fd/" + std::to_string(*device)), kNode);
  PathText shown;
  EXPECT_TRUE(context().resolver().shown_target(AT_FDCWD, link.c_str(), shown));
  EXPECT_EQ(shown.view(), kDeviceNode);
  ::close(*device);
}

TEST(Resolver, StartsInAnEmulatedWorkingDirectory) {
  WorkingDirectory& directory = context().directory();
  directory.enter_emulated("/sys/bus/dax/devices");
  EXPECT_EQ(resolved("dax0.0/size"), kDirectory + "/size");
  EXPECT_EQ(resolved(".."), "node /sys/bus/dax");
  EXPECT_EQ(resolved("../../../kernel/mm"), "elsewhere /sys/kernel/mm");
  EXPECT_TRUE(context().resolver().is_likely(AT_FDCWD, "x"));
  directory.enter_real();
  EXPECT_EQ(resolved("dax0.0/size"), "foreign");
}

TEST(KnownDirectories, RemembersForAMoment) {
  KnownDirectories known;
  known.note("/usr");
  EXPECT_FALSE(known.contains("/usr/lib"));
  EXPECT_FALSE(known.contains(""));
  for (int tries = 0; tries < 3 && !known.contains("/usr"); ++tries) { // the second may just have turned
    known.note("/usr");
  }
  EXPECT_TRUE(known.contains("/usr"));
  ::sleep(2);
  EXPECT_FALSE(known.contains("/usr"));
}

TEST(PathText, StaysWithinItsBounds) {
  PathText path;
  EXPECT_TRUE(path.assign("/"));
  EXPECT_TRUE(path.push("a"));
  EXPECT_TRUE(path.push("b"));
  EXPECT_EQ(path.view(), "/a/b");
  path.pop();
  path.pop();
  path.pop();
  EXPECT_EQ(path.view(), "/");
  EXPECT_FALSE(path.push(std::string(PATH_MAX, 'x')));
  EXPECT_EQ(path.view(), "/");
  EXPECT_FALSE(path.assign(std::string(PATH_MAX, 'x')));
  EXPECT_EQ(path.view(), "/");
}

} // namespace
} // namespace daxemu::preload
