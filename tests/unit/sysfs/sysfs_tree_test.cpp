// The tree as a file system: lookup, listing, links, stat, and what must hold for every entry of it.
#include <map>
#include <set>

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "emu/base/kernel/sys.hpp"
#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

struct LookupRow {
  const char* path;
  int error; // 0: found
  NodeType type;
  std::uint32_t mode;
  bool shared;
};
void PrintTo(const LookupRow& row, std::ostream* out) {
  *out << row.path;
}
class LookupRows : public ::testing::TestWithParam<LookupRow> {};
TEST_P(LookupRows, Look) {
  const Fixture lab;
  const auto node = lab.tree.lookup(GetParam().path);
  ASSERT_EQ(node ? 0 : node.error().value, GetParam().error);
  if (node) {
    EXPECT_EQ(node->type, GetParam().type);
    EXPECT_EQ(node->mode, GetParam().mode);
    EXPECT_EQ(node->shared, GetParam().shared);
    EXPECT_EQ(node->path.view(), GetParam().path);
  }
}
constexpr auto kDir = NodeType::directory;
constexpr auto kAttr = NodeType::attribute;
constexpr auto kLink = NodeType::symlink;
constexpr auto kNode = NodeType::device;
INSTANTIATE_TEST_SUITE_P(
    Rows, LookupRows,
    ::testing::Values(
        LookupRow{"/", 0, kDir, 0755, true}, LookupRow{"/dev", 0, kDir, 0755, true},
        LookupRow{"/dev/dax0.0", 0, kNode, 0600, false}, LookupRow{"/dev/dax0.1", EREMOTE, kDir, 0, false},
        LookupRow{"/dev/null", EREMOTE, kDir, 0, false}, LookupRow{"/dev/dax0.0/x", ENOTDIR, kDir, 0, false},
        LookupRow{"/sys", 0, kDir, 0755, true}, LookupRow{"/sys/dev/char", 0, kDir, 0755, true},
        LookupRow{"/sys/dev/char/254:0", 0, kLink, 0777, false},
        LookupRow{"/sys/dev/char/1:3", EREMOTE, kDir, 0, false}, LookupRow{"/sys/bus/dax", 0, kDir, 0755, false},
        LookupRow{"/sys/bus/dax/nothing", ENOENT, kDir, 0, false},
        LookupRow{"/sys/bus/dax/devices/dax0.0", 0, kLink, 0777, false},
        LookupRow{"/sys/bus/dax/devices/dax0.9", ENOENT, kDir, 0, false},
        LookupRow{"/sys/bus/dax/devices/dax0.0/size", ENOTDIR, kDir, 0, false},
        LookupRow{"/sys/bus/dax/drivers/device_dax/bind", 0, kAttr, 0200, false},
        LookupRow{"/sys/bus/dax/drivers/kmem/dax0.0", ENOENT, kDir, 0, false},
        LookupRow{"/sys/bus/pci", EREMOTE, kDir, 0, false},
        LookupRow{"/sys/devices/platform/hmem.0", 0, kDir, 0755, false},
        LookupRow{"/sys/devices/platform/hmem.1", EREMOTE, kDir, 0, false},
        LookupRow{"/sys/devices/platform/hmem.0/dax0.0/resource", 0, kAttr, 0400, false},
        LookupRow{"/sys/devices/platform/hmem.0/dax0.0/mapping0", 0, kDir, 0755, false},
        LookupRow{"/sys/devices/platform/hmem.0/dax0.0/mapping1", ENOENT, kDir, 0, false},
        LookupRow{"/sys/devices/platform/hmem.0/dax0.0/size/x", ENOTDIR, kDir, 0, false},
        LookupRow{"relative", EINVAL, kDir, 0, false}, LookupRow{"", EINVAL, kDir, 0, false}));

TEST(Tree, ClaimsWhatIsBelowSharedDirectoriesOnly) {
  for (const char* path : {"/dev/dax0.0", "/sys/bus/dax", "/sys/bus/dax/devices", "/sys/dev/char/254:0",
                           "/sys/devices/platform/hmem.0/dax0.0/size"}) {
    EXPECT_TRUE(Tree::may_claim(path)) << path;
  }
  for (const char* path : {"/", "/dev", "/sys", "/sys/bus", "/sys/dev/char", "/sys/devices/platform", "/etc/passwd",
                           "/dev/null", "/home/dax0.0", ""}) {
    EXPECT_FALSE(Tree::may_claim(path)) << path;
  }
}

struct LinkRow {
  const char* path;
  const char* text;
};
void PrintTo(const LinkRow& row, std::ostream* out) {
  *out << row.path;
}
class LinkRows : public ::testing::TestWithParam<LinkRow> {};
TEST_P(LinkRows, Read) {
  EXPECT_EQ(Fixture().link(GetParam().path), GetParam().text) << GetParam().path;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, LinkRows,
    ::testing::Values(LinkRow{"/sys/dev/char/254:0", "../../devices/platform/hmem.0/dax0.0"},
                      LinkRow{"/sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0"},
                      LinkRow{"/sys/bus/dax/drivers/device_dax/dax0.0", "../../../../devices/platform/hmem.0/dax0.0"},
                      LinkRow{"/sys/devices/platform/hmem.0/dax0.0/subsystem", "../../../../bus/dax"},
                      LinkRow{"/sys/devices/platform/hmem.0/dax0.0/driver", "../../../../bus/dax/drivers/device_dax"},
                      LinkRow{"/sys/devices/platform/hmem.0/subsystem", "../../../bus/platform"},
                      LinkRow{"/sys/devices/platform/hmem.0/driver", "../../../bus/platform/drivers/hmem"},
                      LinkRow{"/sys/bus/platform/devices/hmem.0", "../../../devices/platform/hmem.0"},
                      LinkRow{"/sys/bus/dax", "errno 22"}));

TEST(Tree, StatOfTheCharacterDevice) {
  const Fixture lab;
  const auto st = lab.tree.stat(*lab.tree.lookup("/dev/dax0.0"));
  ASSERT_TRUE(st);
  EXPECT_EQ(st->st_mode, S_IFCHR | 0600U);
  EXPECT_EQ(st->st_rdev, ::makedev(254, 0));
  EXPECT_EQ(st->st_size, 0);
  EXPECT_EQ(st->st_nlink, 1U);
  EXPECT_EQ(st->st_uid, ::geteuid());
  EXPECT_EQ(st->st_dev, sys::fstatat(AT_FDCWD, "/dev", 0)->st_dev);
}

TEST(Tree, StatOfAttributesDirectoriesAndLinks) {
  const Fixture lab;
  const std::string device = "/sys/devices/platform/hmem.0/dax0.0";
  auto st = lab.tree.stat(*lab.tree.lookup(device + "/size"));
  ASSERT_TRUE(st);
  EXPECT_EQ(st->st_mode, S_IFREG | 0644U);
  EXPECT_EQ(st->st_size, 4096);
  EXPECT_EQ(st->st_dev, sys::fstatat(AT_FDCWD, "/sys", 0)->st_dev);
  st = lab.tree.stat(*lab.tree.lookup(device));
  EXPECT_EQ(st->st_mode, S_IFDIR | 0755U);
  EXPECT_EQ(st->st_nlink, 4U); // power and mapping0
  EXPECT_EQ(st->st_size, 0);
  st = lab.tree.stat(*lab.tree.lookup(device + "/driver"));
  EXPECT_EQ(st->st_mode, S_IFLNK | 0777U);
}

TEST(Tree, StatOfASharedDirectoryIsTheRealOneWithOurDirectoriesCounted) {
  const Fixture lab;
  const auto real = sys::fstatat(AT_FDCWD, "/sys/devices/platform", 0);
  if (!real) {
    GTEST_SKIP() << "no /sys/devices/platform here";
  }
  const bool has_hmem = sys::fstatat(AT_FDCWD, "/sys/devices/platform/hmem.0", 0).has_value();
  const auto st = lab.tree.stat(*lab.tree.lookup("/sys/devices/platform"));
  ASSERT_TRUE(st);
  EXPECT_EQ(st->st_ino, real->st_ino);
  EXPECT_EQ(st->st_nlink, real->st_nlink + (has_hmem ? 0 : 1));
}

TEST(Tree, ADeviceWithoutDriverKeepsItsNodeButHasNoDriverLink) {
  const Fixture lab;
  lab.store.devices()[0].state = store::DeviceState::disabled;
  EXPECT_EQ(lab.lookup_error("/dev/dax0.0"), 0);
  EXPECT_EQ(lab.lookup_error("/sys/bus/dax/devices/dax0.0"), 0);
  EXPECT_EQ(lab.lookup_error("/sys/devices/platform/hmem.0/dax0.0/driver"), ENOENT);
  EXPECT_EQ(lab.lookup_error("/sys/bus/dax/drivers/device_dax/dax0.0"), ENOENT);
}

TEST(Tree, ANodeThatIsGoneSaysSo) {
  const Fixture lab;
  const auto size = lab.tree.lookup("/sys/devices/platform/hmem.0/dax0.0/size");
  const auto link = lab.tree.lookup("/sys/bus/dax/devices/dax0.0");
  ASSERT_TRUE(size && link);
  lab.store.devices()[0].state = store::DeviceState::absent;
  char text[64];
  EXPECT_EQ(lab.tree.show(*size, text).error(), Errno{ENODEV});
  EXPECT_EQ(lab.tree.readlink(*link).error(), Errno{ENOENT});
  EXPECT_EQ(lab.lookup_error("/sys/devices/platform/hmem.0/dax0.0"), ENOENT);
}

// Follows a path component by component as the kernel would: every link inside the tree must lead somewhere.
std::string follow(const Tree& tree, std::string path, int depth = 0) {
  EXPECT_LT(depth, 8);
  std::vector<std::string> done;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t slash = path.find('/', at + 1);
    const std::string name = path.substr(at + 1, slash == std::string::npos ? slash : slash - at - 1);
    at = slash == std::string::npos ? path.size() : slash;
    if (name == "..") {
      done.pop_back();
      continue;
    }
    done.push_back(name);
    std::string here;
    for (const std::string& part : done) {
      here += "/" + part;
    }
    const auto node = tree.lookup(here);
    if (!node) {
      return node.error() == Errno{EREMOTE} ? "real:" + here + path.substr(at) : "lost:" + here;
    }
    if (node->type == NodeType::symlink) {
      const std::string parent = here.substr(0, here.rfind('/'));
      return follow(tree, parent + "/" + std::string(tree.readlink(*node)->view()) + path.substr(at), depth + 1);
    }
  }
  return "ours";
}

void check_everything_below(const Fixture& lab, const Node& directory, std::map<std::uint64_t, std::string>& inodes) {
  std::set<std::string> seen;
  std::uint64_t directories = 0;
  ASSERT_TRUE(lab.tree.list(directory, [&](const Entry& entry) {
    const std::string path =
        (directory.path.view() == "/" ? "" : std::string(directory.path.view())) + "/" + std::string(entry.name);
    EXPECT_TRUE(seen.insert(path).second) << "listed twice: " << path;
    const auto node = lab.tree.lookup(path);
    ASSERT_TRUE(node) << path;
    EXPECT_EQ(node->type, entry.type) << path;
    EXPECT_EQ(node->inode, entry.inode) << path;
    EXPECT_TRUE(inodes.emplace(node->inode, path).second) << path << " and " << inodes[node->inode];
    EXPECT_TRUE(node->shared || Tree::may_claim(path)) << path;
    EXPECT_TRUE(lab.tree.stat(*node)) << path;
    switch (node->type) {
    case NodeType::directory:
      ++directories;
      check_everything_below(lab, *node, inodes);
      break;
    case NodeType::symlink: {
      const std::string where = follow(lab.tree, path);
      // Only the platform bus itself is the real system's.
      EXPECT_TRUE(where == "ours" || where == "real:/sys/bus/platform") << path << ": " << where;
      break;
    }
    case NodeType::attribute: {
      std::array<char, 4096> text{};
      const auto shown = lab.tree.show(*node, text);
      EXPECT_TRUE(shown || shown.error() == Errno{EIO} || shown.error() == Errno{ENXIO} ||
                  shown.error() == Errno{EACCES})
          << path;
      EXPECT_EQ((node->mode & 0444U) == 0, !shown && shown.error() == Errno{EACCES}) << path;
      break;
    }
    case NodeType::device:
    case NodeType::block:
      break;
    }
  }));
  if (!directory.shared) {
    EXPECT_EQ(lab.tree.stat(directory)->st_nlink, 2 + directories) << directory.path.view();
  }
}

TEST(Tree, EveryEntryCanBeLookedUpEveryLinkLeadsSomewhereEveryInodeIsUnique) {
  Fixture lab;
  add_region(lab.store, 2, 1ULL << 30, store::RegionKind::pmem);
  add_device(lab.store, 2, 0, 1ULL << 30);
  add_region(lab.store, 1, 1ULL << 30);
  add_device(lab.store, 1, 0, 512 << 20);
  add_device(lab.store, 1, 1, 256 << 20, kPageSize);
  // Its namespace is a disk.
  const std::string nd = "/sys/devices/platform/e820_pmem/ndbus0/region2/";
  ASSERT_EQ(lab.write("/sys/bus/nd/drivers/dax_pmem/unbind", "dax2.0"), 0);
  ASSERT_EQ(lab.write(nd + "dax2.0/namespace", "\n"), 0);
  ASSERT_EQ(lab.write(nd + "namespace2.0/force_raw", "1"), 0);
  ASSERT_EQ(lab.write("/sys/bus/nd/drivers/nd_pmem/bind", "namespace2.0"), 0);
  std::map<std::uint64_t, std::string> inodes;
  check_everything_below(lab, *lab.tree.lookup("/"), inodes);
  EXPECT_GT(inodes.size(), 100U);
}

} // namespace
} // namespace daxemu::sysfs
