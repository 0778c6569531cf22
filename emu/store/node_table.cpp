#include "emu/store/node_table.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "emu/base/program/at_start.hpp"

namespace daxemu::store {
namespace {

constexpr int kMostTries = 1000; // of a reader whose writer has died in the middle

std::uint32_t index_of(const Store& store, const DeviceRecord* device) {
  return device == nullptr ? 0 : static_cast<std::uint32_t>(device - store.device_table().data()) + 1;
}

// Is it about the device as it is now?
bool holds(const Store& store, std::uint32_t device, std::uint64_t born) {
  if (device == 0) {
    return true;
  }
  const std::span<DeviceRecord> table = store.device_table();
  return device <= table.size() && table[device - 1].born == born;
}

// Calls for the records where a number may be, one after the other, until told to stop by `false`: all of them, in
// strides of the number's own (a number is a hash: emu/sysfs/inodes/identity.hpp), so that a table that is nearly full
// has no long runs.
template <class Each>
void each_place(std::span<InodeRecord> table, std::uint64_t number, Each&& each) {
  constexpr unsigned kUpper = 20; // bits that the beginning does not depend on
  const std::size_t size = table.size();
  std::size_t at = size == 0 ? 0 : number % size;
  if (size == 0 || !each(table[at]) || size == 1) { // as nearly always
    return;
  }
  std::size_t stride = 1 + (number >> kUpper) % (size - 1);
  while (std::gcd(stride, size) != 1) { // never, of a prime
    stride = stride % (size - 1) + 1;
  }
  for (std::size_t step = 1; step < size; ++step) {
    at = (at + stride) % size;
    if (!each(table[at])) {
      return;
    }
  }
}

// The record of that number; nullptr: there is none.
InodeRecord* record_of(const Store& store, std::uint64_t number) {
  InodeRecord* found = nullptr;
  each_place(store.inode_table(), number, [&](InodeRecord& record) {
    const std::uint64_t has = record.number.load(std::memory_order_acquire);
    found = has == number ? &record : nullptr;
    return has != number && has != 0;
  });
  return found;
}

// Where it may be put: its own record, else one that is void, else a free one; nullptr: the table is full. Under the
// configuration lock.
InodeRecord* place_for(const Store& store, std::uint64_t number) {
  InodeRecord* place = nullptr;
  each_place(store.inode_table(), number, [&](InodeRecord& record) {
    const std::uint64_t has = record.number.load(std::memory_order_relaxed);
    const bool is_void = has == 0 || !holds(store, record.device, record.born);
    place = has == number || (is_void && place == nullptr) ? &record : place;
    return has != number && has != 0;
  });
  return place;
}

DAXEMU_START_PATH NodeNameRecord* record_named(const Store& store, std::string_view name) {
  const std::uint32_t used = store.platform().node_names_used.load(std::memory_order_acquire);
  for (NodeNameRecord& record : store.node_name_table().first(used)) {
    if (record.state.load(std::memory_order_acquire) != NodeNameState::free && record.name.view() == name) {
      return &record;
    }
  }
  return nullptr;
}

// Where a name can be put: its own record, or a free one; nullptr: there is none.
NodeNameRecord* room_for(const Store& store, std::string_view name) {
  if (NodeNameRecord* known = record_named(store, name); known != nullptr) {
    return known;
  }
  std::atomic<std::uint32_t>& used = store.platform().node_names_used;
  const std::span<NodeNameRecord> table = store.node_name_table();
  for (std::uint32_t at = 0; at < table.size(); ++at) {
    if (table[at].state.load() == NodeNameState::free) {
      used.store(std::max(used.load(), at + 1), std::memory_order_release);
      return &table[at];
    }
  }
  return nullptr;
}

} // namespace

bool read_inode(const Store& store, const InodeKey& key, InodeValues& into) {
  if (store.platform().inodes_used.load(std::memory_order_acquire) == 0) {
    return false;
  }
  const InodeRecord* record = record_of(store, key.number);
  if (record == nullptr) {
    return false;
  }
  for (int tries = 0; tries < kMostTries; ++tries) {
    const std::uint32_t before = record->version.load(std::memory_order_acquire);
    std::memcpy(static_cast<void*>(&into), &record->values, sizeof into);
    const bool valid = record->number.load(std::memory_order_relaxed) == key.number && // else another has it now
                       holds(store, record->device, record->born);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 == 0 && record->version.load(std::memory_order_relaxed) == before) {
      return valid && into.changed != 0;
    }
  }
  return record->number.load() == key.number && into.changed != 0;
}

Result<void> change_inode(const Store& store, const InodeKey& key, FunctionRef<Result<void>(InodeValues&)> change) {
  auto lock = ConfigLock::take(store);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  InodeRecord* record = place_for(store, key.number);
  if (record == nullptr) {
    return fail(ENOSPC);
  }
  const std::uint64_t had = record->number.load();
  const bool known = had == key.number && holds(store, record->device, record->born);
  InodeValues values = known ? record->values : InodeValues{};
  if (auto changed = change(values); !changed) {
    return changed;
  }
  const std::uint32_t version = record->version.load() | 1U; // whoever died here has left it odd
  record->version.store(version, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  if (had != key.number) { // it is nobody's until all is there; who reads a void one sees the version
    record->values.changed = 0;
    record->number.store(had == 0 ? 0 : key.number, std::memory_order_release);
  }
  record->device = index_of(store, key.device);
  record->born = key.device == nullptr ? 0 : key.device->born;
  record->values = values;
  record->version.store(version + 1, std::memory_order_release);
  if (had == 0) {
    record->number.store(key.number, std::memory_order_release);
    store.platform().inodes_used.fetch_add(1, std::memory_order_release);
  }
  return {};
}

DAXEMU_START_PATH std::optional<NodeName> find_node_name(const Store& store, std::string_view name) {
  const NodeNameRecord* record = record_named(store, name);
  if (record == nullptr) {
    return std::nullopt;
  }
  const NodeNameState state = record->state.load(std::memory_order_acquire);
  if (state == NodeNameState::free || (state == NodeNameState::taken && !holds(store, record->device, record->born))) {
    return std::nullopt;
  }
  return NodeName{.state = state, .inode = record->inode, .major = record->major, .minor = record->minor};
}

void each_given_name(const Store& store, FunctionRef<bool(std::string_view, const NodeName&)> each) {
  const std::uint32_t used = store.platform().node_names_used.load(std::memory_order_acquire);
  for (const NodeNameRecord& record : store.node_name_table().first(used)) {
    if (record.state.load(std::memory_order_acquire) == NodeNameState::given &&
        !each(record.name.view(),
              {.state = NodeNameState::given, .inode = record.inode, .major = record.major, .minor = record.minor})) {
      return;
    }
  }
}

Result<void> give_node_name(const Store& store, const ConfigLock& /*held*/, std::string_view name,
                            const NodeName& what) {
  NodeNameRecord* record = room_for(store, name);
  if (record == nullptr) {
    return fail(ENOSPC);
  }
  record->state.store(NodeNameState::free, std::memory_order_release);
  if (!record->name.assign(name)) {
    return fail(ENAMETOOLONG);
  }
  record->inode = what.inode;
  record->major = what.major;
  record->minor = what.minor;
  record->state.store(NodeNameState::given, std::memory_order_release);
  return {};
}

Result<void> take_node_name(const Store& store, const ConfigLock& /*held*/, std::string_view name,
                            const DeviceRecord* whose) {
  NodeNameRecord* record = room_for(store, name);
  if (record == nullptr) {
    return fail(ENOSPC);
  }
  record->state.store(NodeNameState::free, std::memory_order_release);
  if (!record->name.assign(name)) {
    return fail(ENAMETOOLONG);
  }
  record->device = index_of(store, whose);
  record->born = whose == nullptr ? 0 : whose->born;
  record->state.store(NodeNameState::taken, std::memory_order_release);
  return {};
}

void forget_node_name(const Store& store, const ConfigLock& /*held*/, std::string_view name) {
  if (NodeNameRecord* record = record_named(store, name); record != nullptr) {
    record->state.store(NodeNameState::free, std::memory_order_release);
  }
}

} // namespace daxemu::store
