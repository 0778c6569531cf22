// What people change of nodes: mode, owner, times, extended attributes, names in /dev. The errors are those of
// Linux 6.1 in the guest (tests/cases) or of the kernel function named in the code.
#include <array>
#include <cstring>

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "emu/dax/bus.hpp"
#include "emu/dax/change.hpp"
#include "emu/sysfs/inodes/dev_names.hpp"
#include "emu/sysfs/inodes/extended_attributes.hpp"
#include "emu/sysfs/inodes/permission.hpp"
#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint64_t kAll = ~0ULL;
const Credentials kRoot{.uid = 0, .gid = 0, .groups = {}, .capabilities = kAll};
const Credentials kPowerless{.uid = 0, .gid = 0, .groups = {}, .capabilities = 0};
const Credentials kUser{.uid = 1000, .gid = 1000, .groups = {}, .capabilities = 0};

template <class T>
int code(const Result<T>& result) {
  return result ? 0 : result.error().value;
}

InodeChange mode(std::uint32_t bits) {
  InodeChange change;
  change.mode = bits;
  return change;
}
InodeChange owner(uid_t uid, gid_t gid) {
  InodeChange change;
  change.owner = true;
  change.uid = uid;
  change.gid = gid;
  return change;
}

struct Inodes : ::testing::Test {
  void SetUp() override {
    if (lab.store.uid() != 0) {
      GTEST_SKIP() << "what is asked here is asked of nodes that are root's: needs root";
    }
    node = *lab.tree.lookup("/dev/dax0.0");
  }
  [[nodiscard]] std::uint32_t mode_of(const Node& of) const { return lab.tree.stat(of)->st_mode & 07777U; }

  Fixture lab;
  Node node;
};

TEST(Permission, FollowsModeOwnerGroupAndCapabilities) {
  struct stat inode {};
  inode.st_mode = S_IFREG | 0640;
  inode.st_uid = 1000;
  inode.st_gid = 2000;
  const std::array<gid_t, 2> groups = {7, 2000};
  const Credentials member{.uid = 1001, .gid = 1, .groups = groups, .capabilities = 0};
  EXPECT_TRUE(is_permitted(inode, {}, kRoot, kMayRead | kMayWrite));
  EXPECT_FALSE(is_permitted(inode, {}, kRoot, kMayExecute)) << "nobody may";
  EXPECT_FALSE(is_permitted(inode, {}, kPowerless, kMayRead));
  EXPECT_TRUE(is_permitted(inode, {}, kUser, kMayRead | kMayWrite));
  EXPECT_TRUE(is_permitted(inode, {}, member, kMayRead));
  EXPECT_FALSE(is_permitted(inode, {}, member, kMayWrite));
  const Credentials searcher{.uid = 5, .gid = 5, .groups = {}, .capabilities = 1U << kCapDacReadSearch};
  EXPECT_TRUE(is_permitted(inode, {}, searcher, kMayRead));
  EXPECT_FALSE(is_permitted(inode, {}, searcher, kMayRead | kMayWrite));
  inode.st_mode = S_IFREG | 0066;
  EXPECT_FALSE(is_permitted(inode, {}, kUser, kMayRead)) << "the owner's bits, though the others' permit";
  inode.st_mode = S_IFDIR | 0700;
  EXPECT_TRUE(is_permitted(inode, {}, kRoot, kMayExecute));
}

TEST_F(Inodes, KeepModeAndOwnerAndForgetThemWithTheDevice) {
  EXPECT_EQ(mode_of(node), 0600U);
  EXPECT_EQ(code(lab.tree.permission(node, kUser, kMayRead)), EACCES);
  ASSERT_TRUE(lab.tree.change(node, kRoot, mode(0644)));
  EXPECT_EQ(mode_of(*lab.tree.lookup("/dev/dax0.0")), 0644U);
  EXPECT_TRUE(lab.tree.permission(node, kUser, kMayRead));
  EXPECT_EQ(code(lab.tree.change(node, kUser, mode(0666))), EPERM);
  EXPECT_EQ(code(lab.tree.change(node, kPowerless, owner(5, 5))), EPERM) << "no CAP_CHOWN";
  ASSERT_TRUE(lab.tree.change(node, kRoot, mode(04755)));
  ASSERT_TRUE(lab.tree.change(node, kRoot, owner(1000, 7)));
  EXPECT_EQ(mode_of(node), 0755U) << "the bit that lends the owner's rights goes with him";
  EXPECT_EQ(lab.tree.stat(node)->st_uid, 1000U);
  EXPECT_EQ(lab.tree.stat(node)->st_gid, 7U);
  ASSERT_TRUE(lab.tree.change(node, kUser, mode(02600))) << "now it is his";
  EXPECT_EQ(mode_of(node), 0600U) << "but he is not in that group";
  lab.store.device_table()[0].born++; // another device of that name
  EXPECT_EQ(mode_of(node), 0600U);
  EXPECT_EQ(lab.tree.stat(node)->st_uid, 0U);
}

TEST_F(Inodes, ANodeMadeAnewIsAsItsDriverMakesIt) {
  Fixture other(256 * kPmdSize);
  ASSERT_TRUE(other.tree.change(*other.tree.lookup("/dev/dax0.0"), kRoot, mode(0666)));
  const auto set = [&](const char* path, const char* text) { return other.tree.store(*other.tree.lookup(path), text); };
  ASSERT_TRUE(set("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0"));
  ASSERT_TRUE(set("/sys/bus/dax/drivers/device_dax/bind", "dax0.0"));
  EXPECT_EQ(other.tree.stat(*other.tree.lookup("/dev/dax0.0"))->st_mode & 07777U, 0666U)
      << "the node stays bound or not";
  ASSERT_TRUE(set("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0"));
  EXPECT_EQ(other.write("/sys/devices/platform/hmem.0/dax0.0/size", "0"), 0);
  const char* create = "/sys/devices/platform/hmem.0/dax_region/create";
  ASSERT_TRUE(set(create, "1"));
  ASSERT_TRUE(other.tree.change(*other.tree.lookup("/dev/dax0.1"), kRoot, mode(0644)));
  ASSERT_TRUE(set("/sys/devices/platform/hmem.0/dax_region/delete", "dax0.1"));
  EXPECT_FALSE(other.tree.lookup("/dev/dax0.1"));
  ASSERT_TRUE(set(create, "1"));
  EXPECT_EQ(other.tree.stat(*other.tree.lookup("/dev/dax0.1"))->st_mode & 07777U, 0600U);
}

TEST_F(Inodes, KeepTimes) {
  InodeChange change;
  change.times = true;
  change.atime = timespec{.tv_sec = 1000, .tv_nsec = 5};
  EXPECT_EQ(code(lab.tree.change(node, kUser, change)), EPERM);
  const auto before = lab.tree.stat(node)->st_mtim;
  ASSERT_TRUE(lab.tree.change(node, kRoot, change));
  const auto about = lab.tree.stat(node);
  EXPECT_EQ(about->st_atim.tv_sec, 1000);
  EXPECT_EQ(about->st_atim.tv_nsec, 5);
  EXPECT_EQ(about->st_mtim.tv_sec, before.tv_sec);
  EXPECT_GE(about->st_ctim.tv_sec, before.tv_sec);
  change = {};
  change.times = true;
  change.touch = true;
  EXPECT_EQ(code(lab.tree.change(node, kUser, change)), EACCES);
  ASSERT_TRUE(lab.tree.change(node, kRoot, mode(0622)));
  ASSERT_TRUE(lab.tree.change(node, kUser, change)) << "who may write may say: now";
  EXPECT_GT(lab.tree.stat(node)->st_atim.tv_sec, 1000);
}

TEST_F(Inodes, KeepExtendedAttributesByNameSpace) {
  const Node attribute = *lab.tree.lookup("/sys/bus/dax");
  const auto set = [&](const Node& of, const char* name, int flags = 0, const Credentials& who = kRoot) {
    return code(lab.tree.set_attribute(of, who, name, "val", flags));
  };
  std::array<char, 64> text{};
  const auto get = [&](const Node& of, const char* name, std::size_t size = 64) {
    const auto length = lab.tree.get_attribute(of, kRoot, name, std::span(text).first(size));
    return length ? static_cast<int>(*length) : -length.error().value;
  };
  EXPECT_EQ(set(node, "user.x"), EPERM);
  EXPECT_EQ(get(node, "user.x"), -ENODATA);
  EXPECT_EQ(set(attribute, "user.x"), EOPNOTSUPP);
  EXPECT_EQ(get(attribute, "user.x"), -ENODATA);
  EXPECT_EQ(set(node, "bogus.x"), EOPNOTSUPP);
  EXPECT_EQ(set(node, "trusted.a", XATTR_REPLACE), ENODATA);
  EXPECT_EQ(set(node, "trusted.a"), 0);
  EXPECT_EQ(set(node, "trusted.a", XATTR_CREATE), EEXIST);
  EXPECT_EQ(set(node, "security.b"), 0);
  EXPECT_EQ(set(node, "security.b", 0, kUser), EPERM);
  EXPECT_EQ(set(node, "trusted.a", 0, kUser), EPERM);
  EXPECT_EQ(set(node, "security.capability"), EINVAL);
  EXPECT_EQ(get(node, "trusted.a"), 3);
  EXPECT_EQ(get(node, "trusted.a", 0), 3);
  EXPECT_EQ(get(node, "trusted.a", 1), -ERANGE);
  EXPECT_EQ(*lab.tree.list_attributes(node, kRoot, text), 21U);
  EXPECT_EQ(std::memcmp(text.data(), "security.b\0trusted.a", 21), 0) << "the newest first";
  EXPECT_EQ(*lab.tree.list_attributes(node, kUser, {}), 11U) << "trusted ones are shown to whoever may";
  EXPECT_EQ(code(lab.tree.remove_attribute(node, kRoot, "trusted.a")), 0);
  EXPECT_EQ(code(lab.tree.remove_attribute(node, kRoot, "trusted.a")), ENODATA);
  EXPECT_EQ(*lab.tree.list_attributes(node, kRoot, {}), 11U);
  EXPECT_EQ(set(attribute, "trusted.a"), 0) << "kernfs keeps them too";
  const std::string large(2000, 'x');
  EXPECT_EQ(code(lab.tree.set_attribute(node, kRoot, "trusted.c", large, 0)), ENOSPC);
  EXPECT_EQ(get(node, "security.b"), 3);
}

std::string acl(std::initializer_list<AclEntry> entries) {
  const std::uint32_t version = 2;
  std::string text(reinterpret_cast<const char*>(&version), sizeof version);
  for (const AclEntry& entry : entries) {
    text.append(reinterpret_cast<const char*>(&entry), sizeof entry);
  }
  return text;
}

TEST_F(Inodes, KeepAccessControlLists) {
  constexpr const char* kName = "system.posix_acl_access";
  const auto set = [&](const std::string& value, const Credentials& who = kRoot) {
    return code(lab.tree.set_attribute(node, who, kName, value, 0));
  };
  EXPECT_EQ(set("v"), EINVAL);
  EXPECT_EQ(set(acl({{kAclUserObject, 6, ~0U}, {kAclUser, 4, 1000}, {kAclGroupObject, 0, ~0U}, {kAclOther, 0, ~0U}})),
            EINVAL)
      << "a named user needs a mask";
  const std::string list = acl({{kAclUserObject, 6, ~0U},
                                {kAclUser, 6, 1000},
                                {kAclGroupObject, 0, ~0U},
                                {kAclMask, 4, ~0U},
                                {kAclOther, 0, ~0U}});
  EXPECT_EQ(set(list, kUser), EPERM);
  EXPECT_EQ(code(lab.tree.permission(node, kUser, kMayRead)), EACCES);
  ASSERT_EQ(set(list), 0);
  EXPECT_EQ(mode_of(node), 0640U) << "the mask is the group's bits";
  EXPECT_TRUE(lab.tree.permission(node, kUser, kMayRead));
  EXPECT_EQ(code(lab.tree.permission(node, kUser, kMayWrite)), EACCES) << "masked";
  std::array<char, 64> text{};
  EXPECT_EQ(*lab.tree.get_attribute(node, kRoot, kName, text), list.size());
  ASSERT_TRUE(lab.tree.change(node, kRoot, mode(0660)));
  EXPECT_TRUE(lab.tree.permission(node, kUser, kMayWrite)) << "chmod(2) changes the mask";
  ASSERT_EQ(set(acl({{kAclUserObject, 6, ~0U}, {kAclGroupObject, 4, ~0U}, {kAclOther, 4, ~0U}})), 0);
  EXPECT_EQ(mode_of(node), 0644U);
  EXPECT_EQ(code(lab.tree.get_attribute(node, kRoot, kName, text)), ENODATA) << "the bits say it all";
  EXPECT_EQ(code(lab.tree.remove_attribute(node, kRoot, kName)), 0);
  EXPECT_EQ(code(lab.tree.set_attribute(node, kRoot, "system.posix_acl_default", list, 0)), EACCES);
  EXPECT_EQ(code(lab.tree.set_attribute(*lab.tree.lookup("/sys/bus/dax"), kRoot, kName, list, 0)), EOPNOTSUPP);
}

std::string names_in_dev(const Tree& tree) {
  std::string names;
  EXPECT_TRUE(tree.list(*tree.lookup("/dev"), [&](const Entry& entry) { names += std::string(entry.name) + " "; }));
  return names;
}

TEST_F(Inodes, HaveNamesThatComeAndGo) {
  const store::DeviceRecord& device = lab.store.device_table()[0];
  ASSERT_TRUE(link_node(lab.store, node, "other"));
  EXPECT_EQ(names_in_dev(lab.tree), "dax0.0 other ");
  EXPECT_EQ(lab.tree.stat(node)->st_nlink, 2U);
  EXPECT_EQ(lab.tree.lookup("/dev/other")->inode, node.inode);
  ASSERT_TRUE(lab.tree.change(*lab.tree.lookup("/dev/other"), kRoot, mode(0640)));
  EXPECT_EQ(mode_of(node), 0640U) << "one inode";
  ASSERT_TRUE(unlink_node(lab.store, node));
  EXPECT_EQ(code(lab.tree.lookup("/dev/dax0.0")), ENOENT);
  EXPECT_EQ(names_in_dev(lab.tree), "other ");
  EXPECT_EQ(lab.tree.node_of(device).path.view(), "/dev/other");
  ASSERT_TRUE(rename_node(lab.store, *lab.tree.lookup("/dev/other"), "dax0.0"));
  EXPECT_EQ(names_in_dev(lab.tree), "dax0.0 ");
  EXPECT_EQ(lab.tree.stat(node)->st_nlink, 1U);
  ASSERT_TRUE(unlink_node(lab.store, node));
  EXPECT_TRUE(lab.tree.node_of(device).gone);
  EXPECT_EQ(lab.tree.stat(lab.tree.node_of(device))->st_nlink, 0U);
  ASSERT_TRUE(make_node(lab.store, "dax0.0", ::makedev(254, 0), 0600, kUser));
  const Node made = *lab.tree.lookup("/dev/dax0.0");
  EXPECT_NE(made.inode, node.inode);
  EXPECT_EQ(made.device, 0U);
  EXPECT_EQ(lab.tree.stat(made)->st_uid, 1000U);
  EXPECT_EQ(lab.tree.stat(made)->st_rdev, ::makedev(254, 0));
  ASSERT_TRUE(make_node(lab.store, "strange", ::makedev(254, 77), 0600, kRoot));
  EXPECT_EQ(lab.tree.lookup("/dev/strange")->device, kNoDevice);
  EXPECT_TRUE(Tree::may_name_node(lab.store, "strange"));
  EXPECT_FALSE(Tree::may_name_node(lab.store, "stranger"));
}

TEST_F(Inodes, NamesTakenAwayComeBackWithTheNextDevice) {
  ASSERT_TRUE(unlink_node(lab.store, node));
  EXPECT_FALSE(lab.tree.lookup("/dev/dax0.0"));
  lab.store.device_table()[0].born++;
  EXPECT_TRUE(lab.tree.lookup("/dev/dax0.0"));
}

} // namespace
} // namespace daxemu::sysfs
