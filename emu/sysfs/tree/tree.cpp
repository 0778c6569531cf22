#include "emu/sysfs/tree/tree.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/later_relocations.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/change.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/inodes/dev_names.hpp"
#include "emu/sysfs/inodes/identity.hpp"
#include "emu/sysfs/schema/parse.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/tree/asked_uevent.hpp"
#include "emu/sysfs/tree/noted_write.hpp"
#include "emu/sysfs/tree/relative_link.hpp"
#include "emu/sysfs/tree/resolve.hpp"
#include "emu/trace/trace.hpp"

namespace daxemu::sysfs {
namespace {

struct TypeBits {
  NodeType type;
  std::uint32_t mode;
};
constexpr std::array<TypeBits, 5> kTypes = {{
    {NodeType::directory, S_IFDIR},
    {NodeType::attribute, S_IFREG},
    {NodeType::symlink, S_IFLNK},
    {NodeType::device, S_IFCHR},
    {NodeType::block, S_IFBLK},
}};

// What does not change as long as a program runs is asked once.
std::uint64_t device_of_file_system(std::string_view path) {
  static constinit std::atomic<std::uint64_t> known[2] = {0, 0};
  const bool in_dev = path.starts_with("/dev");
  std::uint64_t device = known[in_dev ? 1 : 0].load(std::memory_order_relaxed);
  if (device == 0) {
    const auto st = sys::fstatat(AT_FDCWD, in_dev ? "/dev" : "/sys", 0);
    device = st ? st->st_dev : 0;
    known[in_dev ? 1 : 0].store(device, std::memory_order_relaxed);
  }
  return device;
}

std::uint64_t directories_in(const Directory& directory, const Scope& scope) {
  std::uint64_t count = 0;
  each_entry(directory, scope, [&](std::string_view, const NodeSpec& spec, const Scope&) {
    count += spec.type == NodeType::directory ? 1 : 0;
    return true;
  });
  return count;
}

// What stat(2) says: of a directory of devtmpfs something for each entry (BOGO_DIRENT_SIZE in mm/shmem.c).
off_t size_of(const Node& node, const Found& found) {
  if (node.type != NodeType::directory || !node.path.view().starts_with(kDevDirectory)) {
    return node.type == NodeType::attribute ? found.spec.size : 0;
  }
  constexpr off_t kPerEntry = 20;
  off_t size = 2 * kPerEntry;
  each_entry(*found.spec.directory, found.scope, [&](std::string_view, const NodeSpec&, const Scope&) {
    size += kPerEntry;
    return true;
  });
  return size;
}

// Directories of ours in a shared one that the real one lacks.
std::uint64_t additional_directories(const Node& node, const Found& found) {
  std::uint64_t count = 0;
  each_entry(*found.spec.directory, found.scope, [&](std::string_view name, const NodeSpec& spec, const Scope&) {
    if (spec.type == NodeType::directory) {
      TextBuffer<512> path;
      path.put(node.path.view()).put("/").put(name).put(std::string_view("\0", 1));
      count += sys::fstatat(AT_FDCWD, path.view().data(), AT_SYMLINK_NOFOLLOW) ? 0 : 1;
    }
    return true;
  });
  return count;
}

// The name of what is right in /dev, else empty.
std::string_view name_in_dev(std::string_view path) {
  if (!path.starts_with(kDevDirectory)) {
    return {};
  }
  path.remove_prefix(kDevDirectory.size());
  return path.find('/') == std::string_view::npos ? path : std::string_view{};
}

// Which device a node is.
void put_device(const store::Store& store, const Scope& scope, Node& node) {
  const store::Platform& platform = store.platform();
  if (scope.device != nullptr) {
    node.device = static_cast<std::uint32_t>(scope.device - store.device_table().data());
    node.number = ::makedev(platform.dax_major, scope.device->minor);
  } else if (scope.dimm != 0) {
    node.device = kNdDimmNode;
    node.memdev = scope.dimm;
    node.number = ::makedev(dimm_major(store), dimm_in(scope).number());
  } else if (scope.cxl != 0) {
    node.device = kCxlMemdevNode;
    node.memdev = scope.cxl;
    node.number = ::makedev(store.cxl().major, memdev_in(scope).minor);
  } else {
    node.device = kNoDaxDevice;
    node.number = ::makedev(platform.nd_major, static_cast<unsigned>(scope.number));
  }
}

Result<Found> resolve_again(const store::Store& store, KnownPaths* known, const Node& node, NodeType type) {
  if (node.type != type) {
    return fail(type == NodeType::directory ? ENOTDIR : EINVAL);
  }
  auto found = resolve(store, node.path.view(), known);
  if (!found || found->spec.type != type || found->scope.born != node.born) {
    return fail(ENOENT); // of that name may be another one by now
  }
  return found;
}

} // namespace

Result<Node> Tree::lookup(std::string_view path) const {
  tables_ready();
  if (const std::string_view name = name_in_dev(path); !name.empty()) {
    const auto given = node_given(*store_, name);
    if (!given || *given) {
      return given ? Result<Node>(**given) : tl::unexpected(given.error());
    }
  }
  const auto found = resolve(*store_, path, known_);
  return found ? node_at(path, *found) : tl::unexpected(found.error());
}

Result<Node> Tree::reach(std::string_view path, std::size_t& length) const {
  const auto at = sysfs::reach(*store_, path, known_);
  if (!at) {
    return tl::unexpected(at.error());
  }
  length = at->length;
  return node_at(path.substr(0, length), at->found);
}

Result<Node> Tree::node_at(std::string_view path, const Found& found) const {
  Node node;
  if (!node.path.assign(path)) {
    return fail(ENAMETOOLONG);
  }
  node.type = found.spec.type;
  node.shared = found.spec.shared;
  node.is_pipe = found.spec.is_pipe;
  node.most = found.spec.most;
  node.mode = found.spec.mode;
  node.inode = inode_of(path);
  node.born = found.scope.born;
  if (node.type == NodeType::device) {
    put_device(*store_, found.scope, node);
  }
  if (node.type == NodeType::block) {
    const store::RegionRecord& region = *found.scope.region;
    node.device = static_cast<std::uint32_t>(&region - store_->region_table().data());
    node.number = ::makedev(kDiskMajor, disk_minor(region));
  }
  return node;
}

Result<void> Tree::list(const Node& directory, FunctionRef<void(const Entry&)> each) const {
  const auto found = resolve_again(*store_, known_, directory, NodeType::directory);
  if (!found) {
    return tl::unexpected(found.error());
  }
  const bool in_dev = directory.path.view() == "/dev";
  each_entry(*found->spec.directory, found->scope, [&](std::string_view name, const NodeSpec& spec, const Scope&) {
    if (!in_dev || !store::find_node_name(*store_, name)) {
      each(Entry{name, spec.type, inode_of(directory.path.view(), name)});
    }
    return true;
  });
  if (in_dev) {
    each_given_node(*store_, [&](std::string_view name, const Node& node) {
      each(Entry{name, node.type, node.inode});
    });
  }
  return {};
}

Result<std::size_t> Tree::show(const Node& node, std::span<char> into, std::uint64_t* notices) const {
  const auto found = resolve_again(*store_, known_, node, NodeType::attribute);
  if (!found) {
    return fail(found.error().value == ENOENT ? ENODEV : found.error().value); // kernfs: the object is gone
  }
  if (found->spec.show == nullptr) {
    return fail((found->spec.mode & 0444U) == 0 ? EACCES : EIO);
  }
  if (notices != nullptr) {
    *notices = found->spec.notices == nullptr ? 0 : found->spec.notices(found->scope);
  }
  const auto render = [&]() -> Result<std::size_t> {
    Text text(into.first(std::min<std::size_t>(into.size(), found->spec.most)));
    if (auto shown = found->spec.show(found->scope, text); !shown) {
      return tl::unexpected(shown.error());
    }
    return text.size();
  };
  // What takes out what it shows is a change itself.
  return found->spec.is_pipe ? render() : dax::consistently(*store_, render);
}

Result<std::uint64_t> Tree::notices(const Node& node) const {
  const auto found = resolve_again(*store_, known_, node, NodeType::attribute);
  if (!found) {
    return fail(found.error().value == ENOENT ? ENODEV : found.error().value);
  }
  return found->spec.notices == nullptr ? 0 : found->spec.notices(found->scope);
}

Result<std::size_t> Tree::store(const Node& node, std::string_view text) const {
  auto found = resolve_again(*store_, known_, node, NodeType::attribute);
  if (!found) {
    return fail(found.error().value == ENOENT ? ENODEV : found.error().value);
  }
  if (found->spec.store == nullptr) {
    return fail((found->spec.mode & 0222U) == 0 ? EACCES : EIO);
  }
  // kernfs hands an attribute at most a page of one write, and nothing of an empty one (sysfs_kf_write).
  text = text.substr(0, kPageSize);
  found->scope.written = text;
  if (!text.empty()) {
    const std::uint64_t since = trace::begin();
    const auto stored = found->spec.store(found->scope, c_string(text));
    note_write(since, node.path.view(), c_string(text), stored);
    if (!stored) {
      return tl::unexpected(stored.error());
    }
    if (found->spec.store == store_uevent) {
      announce_asked(*store_, node.path.view(), *found, c_string(text));
    }
  }
  return text.size();
}

Result<Path> Tree::target(const Node& node) const {
  const auto found = resolve_again(*store_, known_, node, NodeType::symlink);
  if (!found) {
    return tl::unexpected(found.error());
  }
  PathText target;
  found->spec.target(found->scope, target);
  return Path(target.view());
}

Result<Path> Tree::readlink(const Node& node) const {
  const auto leads = target(node);
  if (!leads) {
    return tl::unexpected(leads.error());
  }
  PathText text;
  put_relative(node.path.view(), leads->view(), text);
  return Path(text.view());
}

Result<Tree::Inode> Tree::inode(const Node& node, Count count) const {
  const store::Platform& platform = store_->platform();
  const TypeBits& type = kTypes[static_cast<std::size_t>(node.type)];
  Inode inode;
  inode.key = {.number = node.inode};
  struct stat& st = inode.about;
  if (node.type == NodeType::device) {
    const bool is_one = node.device < store_->device_table().size();
    inode.key.device = is_one ? &store_->device_table()[node.device] : nullptr;
    st.st_nlink = links_of(*store_, node);
    st.st_rdev = node.number;
  } else {
    const auto found = resolve_again(*store_, known_, node, node.type);
    if (!found) {
      return tl::unexpected(found.error());
    }
    inode.key.device = found->scope.device;
    st.st_rdev = node.number;
    if (count == Count::entries) {
      st.st_nlink = node.type == NodeType::directory ? 2 + directories_in(*found->spec.directory, found->scope) : 1;
      st.st_size = size_of(node, *found);
    }
  }
  st.st_dev = device_of_file_system(node.path.view());
  st.st_ino = node.inode;
  st.st_mode = type.mode | node.mode;
  st.st_uid = store_->uid();
  st.st_gid = store_->gid();
  st.st_blksize = static_cast<blksize_t>(kPageSize);
  const timespec created = {.tv_sec = static_cast<time_t>(platform.created_ns / 1'000'000'000U),
                            .tv_nsec = static_cast<long>(platform.created_ns % 1'000'000'000U)};
  st.st_atim = created;
  st.st_mtim = created;
  st.st_ctim = created;
  return inode;
}

Result<struct stat> Tree::stat(const Node& node) const {
  if (node.shared) {
    const auto found = resolve_again(*store_, known_, node, node.type);
    if (!found) {
      return tl::unexpected(found.error());
    }
    if (auto real = sys::fstatat(AT_FDCWD, node.path.c_str(), AT_SYMLINK_NOFOLLOW); real) {
      real->st_nlink += additional_directories(node, *found);
      return real;
    }
  }
  store::InodeValues values;
  const auto inode = inode_now(node, values);
  return inode ? Result<struct stat>(inode->about) : tl::unexpected(inode.error());
}

} // namespace daxemu::sysfs
