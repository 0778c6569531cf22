// What people have changed of nodes: their inodes, and which names of /dev are whose. Readers take no lock; who changes
// holds the configuration lock.
#pragma once

#include <optional>
#include <string_view>

#include "emu/base/function_ref.hpp"
#include "emu/store/store.hpp"

namespace daxemu::store {

// An inode, and the device whose end is its own (nullptr: it stays as long as the platform).
struct InodeKey {
  std::uint64_t number = 0;
  const DeviceRecord* device = nullptr;
};

// False: nobody has changed it.
[[nodiscard]] bool read_inode(const Store& store, const InodeKey& key, InodeValues& into);

// Lets `change` work on the inode's values and keeps what it made of them, unless it fails. Takes the configuration
// lock. Errors: `change`'s; ENOSPC: the table is full (or an attribute did not fit); FileLock::take's.
Result<void> change_inode(const Store& store, const InodeKey& key, FunctionRef<Result<void>(InodeValues&)> change);

// A name in /dev that is not as its driver made it.
struct NodeName {
  NodeNameState state = NodeNameState::free; // given or taken
  std::uint64_t inode = 0;
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
};
[[nodiscard]] std::optional<NodeName> find_node_name(const Store& store, std::string_view name);
// Every name that was given, until told to stop by `false`.
void each_given_name(const Store& store, FunctionRef<bool(std::string_view, const NodeName&)> each);

// The following are steps of one change, under the lock. Errors: ENOSPC (no room), ENAMETOOLONG.
Result<void> give_node_name(const Store& store, const ConfigLock&, std::string_view name, const NodeName& what);
Result<void> take_node_name(const Store& store, const ConfigLock&, std::string_view name, const DeviceRecord* whose);
// What was given or taken is no more.
void forget_node_name(const Store& store, const ConfigLock&, std::string_view name);

} // namespace daxemu::store
