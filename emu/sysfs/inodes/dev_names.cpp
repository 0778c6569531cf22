#include "emu/sysfs/inodes/dev_names.hpp"

#include <cerrno>

#include <sys/sysmacros.h>

#include "emu/base/program/later_relocations.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/dax/memory/node_news.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/sysfs/inodes/identity.hpp"
#include "emu/sysfs/inodes/inode_changes.hpp"
#include "emu/sysfs/schema/text.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::string_view kBusNode = "ndctl0"; // of the nd bus, which no device stands for
constexpr std::string_view kDimmNode = "nmem";  // and its number

std::uint32_t index_of(const store::Store& store, const store::DeviceRecord* device) {
  return device == nullptr ? kNoDaxDevice : static_cast<std::uint32_t>(device - store.device_table().data());
}

store::DeviceRecord* device_of_number(const store::Store& store, std::uint32_t major, std::uint32_t minor) {
  return major == store.platform().dax_major ? store.device_of_minor(minor) : nullptr;
}

// The memdev of /dev/cxl/memN; nullptr: no such number.
store::CxlMemdevRecord* memdev_of_number(const store::Store& store, std::uint32_t major, std::uint32_t minor) {
  if (cxl::is_present(store) && major == store.cxl().major) {
    for (store::CxlMemdevRecord& memdev : cxl::memdevs(store)) {
      if (memdev.used != 0 && memdev.minor == minor) {
        return &memdev;
      }
    }
  }
  return nullptr;
}

// Every DIMM there is, until told to stop.
void each_dimm(const store::Store& store, FunctionRef<bool(const nd::Dimm&)> each) {
  bool go_on = true;
  nd::each_nfit_dimm(store, [&](const nd::Dimm& dimm) { return go_on = each(dimm); });
  if (go_on && cxl::is_present(store)) {
    for (store::CxlMemdevRecord& memdev : cxl::memdevs(store)) {
      if (memdev.used != 0 && memdev.dimm != 0 && !each({&memdev, nullptr})) {
        return;
      }
    }
  }
}

// The DIMM that is /dev/nmemN, or none.
nd::Dimm dimm_of_number(const store::Store& store, std::uint32_t major, std::uint32_t minor) {
  nd::Dimm found;
  if (major == store.platform().dimm_major) {
    each_dimm(store, [&](const nd::Dimm& dimm) {
      found = dimm.number() == minor ? dimm : found;
      return !found.is_there();
    });
  }
  return found;
}

bool is_bus_number(const store::Store& store, std::uint32_t major, std::uint32_t minor) {
  return store.platform().nd_major != 0 && major == store.platform().nd_major && minor == 0;
}

// Has a driver of the platform that major number? Needs no tables.
bool is_of_ours(const store::Store& store, std::uint32_t major) {
  const store::Platform& platform = store.platform();
  return major == platform.dax_major || major == platform.dimm_major || major == platform.nd_major ||
         (cxl::is_present(store) && major == store.cxl().major);
}

Node node_called(std::string_view name, std::uint64_t inode, std::uint32_t device, dev_t number) {
  Node node;
  node.type = NodeType::device;
  node.mode = 0600; // devtmpfs: what a driver that asks for nothing gets
  node.inode = inode;
  node.device = device;
  node.number = number;
  PathText path;
  path.put(kDevDirectory).put(name);
  node.path.assign(path.view());
  return node;
}

Node node_of(const store::Store& store, std::string_view name, const store::NodeName& given) {
  const store::DeviceRecord* device = device_of_number(store, given.major, given.minor);
  const nd::Dimm dimm = dimm_of_number(store, given.major, given.minor);
  const store::CxlMemdevRecord* memdev = memdev_of_number(store, given.major, given.minor);
  const std::uint32_t index = device != nullptr                                ? index_of(store, device)
                              : dimm.is_there()                                ? kNdDimmNode
                              : memdev != nullptr                              ? kCxlMemdevNode
                              : is_bus_number(store, given.major, given.minor) ? kNoDaxDevice
                                                                               : kNoDevice;
  Node node = node_called(name, given.inode, index, ::makedev(given.major, given.minor));
  if (dimm.is_there()) {
    node.memdev = nd::reference_of(store, dimm);
  } else {
    node.memdev = memdev == nullptr ? 0 : cxl::reference_of(store, *memdev);
  }
  return node;
}

// Has a DIMM this name in /dev?
bool is_dimm_name(const store::Store& store, std::string_view name) {
  bool found = false;
  if (name.starts_with(kDimmNode)) {
    each_dimm(store, [&](const nd::Dimm& dimm) {
      NameText text;
      text.put(kDimmNode).number(dimm.number());
      return !(found = text.view() == name);
    });
  }
  return found;
}

bool is_drivers_name(const store::Store& store, std::string_view name) {
  return is_dimm_name(store, name) || store.device_named(name) != nullptr ||
         (name == kBusNode && store.platform().nd_major != 0);
}

std::string_view name_of(const Node& node) {
  return node.path.view().substr(kDevDirectory.size());
}

store::NodeName as_given(const Node& node) {
  return {.state = store::NodeNameState::given,
          .inode = node.inode,
          .major = major(node.number),
          .minor = minor(node.number)};
}

// The name by which the driver made a node of this inode, if that is its name still.
bool has_drivers_name(const store::Store& store, const Node& node) {
  if (node.device == kCxlMemdevNode && node.path.view().starts_with("/dev/cxl/")) {
    return true; // only names right in /dev can be taken away
  }
  PathText name;
  if (node.device == kNoDaxDevice) {
    name.put(kBusNode);
  } else if (const nd::Dimm dimm = nd::dimm_at(store, node.memdev); node.device == kNdDimmNode && dimm.is_there()) {
    name.put(kDimmNode).number(dimm.number());
  } else if (node.device < store.device_table().size()) {
    name.put(store.name_of(store.device_table()[node.device]).view());
  }
  return !name.view().empty() && inode_of("/dev", name.view()) == node.inode && is_drivers_name(store, name.view()) &&
         !store::find_node_name(store, name.view());
}

// Takes the name away from whatever it is of. Under the lock.
Result<void> drop_name(const store::Store& store, const store::ConfigLock& lock, std::string_view name) {
  if (is_drivers_name(store, name)) {
    return store::take_node_name(store, lock, name, store.device_named(name));
  }
  store::forget_node_name(store, lock, name);
  return {};
}

// Whoever watches /dev is told of the names that drivers give, whoever gives or takes them: by the node of that name.
void tell_of_name(const store::Store& store, std::string_view name, dax::NodeNews news) {
  if (const store::DeviceRecord* device = store.device_named(name); device != nullptr) {
    dax::tell_watchers(device->node, news);
  }
}

} // namespace

Result<std::optional<Node>> node_given(const store::Store& store, std::string_view name) {
  tables_ready();
  const auto found = store::find_node_name(store, name);
  if (!found) {
    return std::optional<Node>();
  }
  if (found->state == store::NodeNameState::taken) {
    return fail(ENOENT);
  }
  return std::optional<Node>(node_of(store, name, *found));
}

void each_given_node(const store::Store& store, FunctionRef<void(std::string_view, const Node&)> each) {
  tables_ready();
  store::each_given_name(store, [&](std::string_view name, const store::NodeName& given) {
    each(name, node_of(store, name, given));
    return true;
  });
}

Node driver_node(const store::Store& store, const store::DeviceRecord& device) {
  tables_ready();
  const auto name = store.name_of(device);
  Node node = node_called(name.view(), inode_of("/dev", name.view()), index_of(store, &device),
                          ::makedev(store.platform().dax_major, device.minor));
  if (has_drivers_name(store, node)) {
    return node;
  }
  node.gone = true;
  store::each_given_name(store, [&](std::string_view other, const store::NodeName& given) {
    if (given.inode == node.inode) {
      node = node_of(store, other, given);
    }
    return node.gone;
  });
  return node;
}

std::uint32_t links_of(const store::Store& store, const Node& node) {
  std::uint32_t count = has_drivers_name(store, node) ? 1 : 0;
  store::each_given_name(store, [&](std::string_view, const store::NodeName& given) {
    count += given.inode == node.inode ? 1 : 0;
    return true;
  });
  return count;
}

std::optional<Node> node_of_number(const store::Store& store, dev_t number) {
  if (!is_of_ours(store, major(number))) {
    return std::nullopt; // a shell without a terminal asks of /dev/tty, and is to have no tables for that
  }
  tables_ready();
  if (const store::DeviceRecord* device = device_of_number(store, major(number), minor(number)); device != nullptr) {
    return driver_node(store, *device);
  }
  if (const store::CxlMemdevRecord* memdev = memdev_of_number(store, major(number), minor(number)); memdev != nullptr) {
    NameText name;
    name.put("cxl/mem").number(memdev->id);
    Node node = node_called(name.view(), inode_of("/dev/cxl", name.view().substr(4)), kCxlMemdevNode, number);
    node.memdev = cxl::reference_of(store, *memdev);
    return node;
  }
  if (const nd::Dimm dimm = dimm_of_number(store, major(number), minor(number)); dimm.is_there()) {
    NameText name;
    name.put("nmem").number(dimm.number());
    Node node = node_called(name.view(), inode_of("/dev", name.view()), kNdDimmNode, number);
    node.memdev = nd::reference_of(store, dimm);
    return node;
  }
  if (is_bus_number(store, major(number), minor(number))) {
    return node_called(kBusNode, inode_of("/dev", kBusNode), kNoDaxDevice, number);
  }
  return std::nullopt;
}

Result<void> link_node(const store::Store& store, const Node& node, std::string_view name) {
  tables_ready();
  auto lock = store::ConfigLock::take(store);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  auto given = store::give_node_name(store, *lock, name, as_given(node));
  if (given) {
    tell_of_name(store, name, dax::NodeNews::came);
  }
  return given;
}

Result<void> unlink_node(const store::Store& store, const Node& node) {
  tables_ready();
  auto lock = store::ConfigLock::take(store);
  auto dropped = lock ? drop_name(store, *lock, name_of(node)) : Result<void>(tl::unexpected(lock.error()));
  if (dropped) {
    tell_of_name(store, name_of(node), dax::NodeNews::went);
  }
  return dropped;
}

Result<void> rename_node(const store::Store& store, const Node& node, std::string_view name) {
  tables_ready();
  auto lock = store::ConfigLock::take(store);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  // Back to the name that its driver gave it: as if nothing had been.
  if (is_drivers_name(store, name) && inode_of("/dev", name) == node.inode) {
    store::forget_node_name(store, *lock, name);
  } else if (auto given = store::give_node_name(store, *lock, name, as_given(node)); !given) {
    return given;
  }
  return drop_name(store, *lock, name_of(node));
}

Result<void> make_node(const store::Store& store, std::string_view name, dev_t number, std::uint32_t mode,
                       const Credentials& who) {
  tables_ready();
  // An inode of its own, which no name has had.
  const std::uint64_t since = store.platform().inodes_used.load();
  PathText text;
  text.put("/dev/").put(name).put("#").number(since);
  const timespec now = current_time();
  text.put(".").number(now.tv_nsec);
  const std::uint64_t inode = inode_of(text.view());
  const auto begun = store::change_inode(store, {.number = inode}, [&](store::InodeValues& values) -> Result<void> {
    values = {};
    values.changed =
        store::kInodeMode | store::kInodeOwner | store::kInodeAtime | store::kInodeMtime | store::kInodeCtime;
    values.mode = mode;
    values.uid = who.uid;
    values.gid = who.gid;
    values.seconds.fill(now.tv_sec);
    values.nanoseconds.fill(static_cast<std::uint32_t>(now.tv_nsec));
    return {};
  });
  if (!begun) {
    return begun;
  }
  return link_node(store, node_called(name, inode, kNoDevice, number), name);
}

} // namespace daxemu::sysfs
