#include "emu/dax/memory/memory_blocks.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/dax/memory/cxl_windows.hpp"
#include "emu/dax/memory/left_memory.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::dax {
namespace {

using store::BlockState;
using store::DeviceRecord;
using store::DeviceState;
using store::KmemState;
using store::MemoryBlockRecord;
using store::RegionRecord;
using store::Store;
using trace::because;
using trace::Reason;

bool is_plugged(const DeviceRecord& device) {
  return device.state.load(std::memory_order_acquire) == DeviceState::system_ram &&
         device.kmem_state != KmemState::unplugged;
}

// The blocks that lie wholly within a range (dax_kmem_range): [first, last).
struct BlockRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
BlockRange blocks_of(const Store& store, const store::RangeRecord& range) {
  const std::uint64_t size = store.platform().memory_block_size;
  const std::uint64_t first = align_up(range.phys_start, size) / size;
  return {first, std::max(first, align_down(range.phys_start + range.size, size) / size)};
}

std::span<const store::RangeRecord> ranges_of(const DeviceRecord& device) {
  return std::span(device.ranges).first(std::min(device.nr_ranges, store::kMaxRanges));
}

KmemState state_of(store::OnlinePolicy policy) {
  switch (policy) {
  case store::OnlinePolicy::offline:
    break;
  case store::OnlinePolicy::online:
    return KmemState::online;
  case store::OnlinePolicy::online_kernel:
    return KmemState::online_kernel;
  case store::OnlinePolicy::online_movable:
    return KmemState::online_movable;
  }
  return KmemState::offline;
}

} // namespace

void each_whole_block(const Store& store, const DeviceRecord& device, FunctionRef<bool(std::uint64_t)> each) {
  for (const store::RangeRecord& range : ranges_of(device)) {
    const BlockRange blocks = blocks_of(store, range);
    for (std::uint64_t block = blocks.first; block < blocks.last; ++block) {
      if (!each(block)) {
        return;
      }
    }
  }
}

bool consists_of(const Store& store, const DeviceRecord& device, std::uint64_t block) {
  const auto ranges = ranges_of(device);
  return std::any_of(ranges.begin(), ranges.end(), [&](const store::RangeRecord& range) {
    const BlockRange blocks = blocks_of(store, range);
    return block >= blocks.first && block < blocks.last;
  });
}

void each_block(const Store& store, const DeviceRecord& device, FunctionRef<bool(std::uint64_t)> each) {
  const bool plugged = is_plugged(device);
  if (plugged || store.platform().blocks_left.load() != 0) {
    each_whole_block(store, device,
                     [&](std::uint64_t block) { return (!plugged && !is_left(store, block)) || each(block); });
  }
}

void each_ram_block(const Store& store, FunctionRef<bool(std::uint64_t, RegionRecord&)> each) {
  bool go_on = true;
  for (const DeviceRecord& device : store.devices()) {
    if (is_plugged(device)) {
      RegionRecord& region = store.region_of(device);
      each_whole_block(store, device, [&](std::uint64_t block) {
        go_on = each(block, region);
        return go_on;
      });
    }
    if (!go_on) {
      return;
    }
  }
  each_left_range(store, [&](const LeftRange& range) {
    for (std::uint64_t block = range.first; go_on && block < range.end; ++block) {
      go_on = each(block, *range.region);
    }
    return go_on;
  });
}

// Blocks of dax regions from the first one's address on; those of CXL windows, which are elsewhere, from the end of the
// table down: neither must wait for the other to be described.
MemoryBlockRecord* block_record(const Store& store, std::uint64_t number) {
  const std::span<MemoryBlockRecord> records = store.memory_blocks();
  const std::uint64_t block_size = store.platform().memory_block_size;
  if (is_in_window(store, number * block_size)) {
    const std::uint64_t place = number - first_window_start(store) / block_size;
    return place < records.size() ? &records[records.size() - 1 - place] : nullptr;
  }
  const std::span<RegionRecord> regions = store.regions();
  const auto lowest = std::find_if(regions.begin(), regions.end(),
                                   [&](const RegionRecord& region) { return region.cxl == 0 && region.size > 0; });
  if (lowest == regions.end()) {
    return nullptr;
  }
  const std::uint64_t first = lowest->phys_start / block_size;
  return number >= first && number - first < records.size() ? &records[number - first] : nullptr;
}

Result<void> add_memory(const Store& store, DeviceRecord& device) {
  if (device.target_node < 0) {
    return because(
        EINVAL,
        {.reason = Reason::kmem_no_node, .a = static_cast<std::uint64_t>(device.target_node), .minor = device.minor});
  }
  std::uint64_t count = 0;
  Errno trouble{0};
  each_whole_block(store, device, [&](std::uint64_t block) {
    ++count;
    trouble = block_record(store, block) == nullptr ? Errno{ENOMEM} : is_left(store, block) ? Errno{EBUSY} : Errno{0};
    return trouble == Errno{0};
  });
  if (count == 0 || trouble != Errno{0}) {
    return count == 0 ? because(EINVAL, {.reason = Reason::kmem_too_small, .minor = device.minor})
                      : because(trouble.value, {.reason = trouble == Errno{ENOMEM} ? Reason::store_table_full
                                                                                   : Reason::kmem_block_taken,
                                                .a = device.ranges[0].phys_start,
                                                .b = device.ranges[0].phys_start + device.ranges[0].size - 1,
                                                .minor = device.minor});
  }
  each_whole_block(store, device, [&](std::uint64_t block) {
    block_record(store, block)->state.store(BlockState::offline, std::memory_order_release);
    return true;
  });
  device.kmem_state = KmemState::offline;
  return {};
}

void online_memory(const Store& store, DeviceRecord& device, store::OnlinePolicy policy) {
  device.kmem_state = state_of(policy);
  if (policy == store::OnlinePolicy::offline) {
    return;
  }
  each_block(store, device, [&](std::uint64_t block) {
    (void)set_block(store, block, policy);
    return true;
  });
}

void remove_memory(const Store& store, const DeviceRecord& device) {
  if (!is_plugged(device)) {
    return;
  }
  for (const store::RangeRecord& range : ranges_of(device)) {
    const BlockRange blocks = blocks_of(store, range);
    bool online = false;
    for (std::uint64_t block = blocks.first; !online && block < blocks.last; ++block) {
      online = block_record(store, block)->state.load() != BlockState::offline;
    }
    if (online) {
      leave_memory(store, device, blocks.first, blocks.last);
    }
  }
}

namespace {

std::int32_t node_of_block(const Store& store, std::uint64_t block) {
  const std::uint64_t address = block * store.platform().memory_block_size;
  for (const RegionRecord& region : store.regions()) {
    if (address >= region.phys_start && address - region.phys_start < region.size) {
      return region.target_node;
    }
  }
  return -1;
}

} // namespace

bool is_movable_by_default(const Store& store, std::uint64_t block) {
  const std::int32_t node = node_of_block(store, block);
  std::uint64_t first[2] = {~0ULL, ~0ULL}; // of the normal and the movable zone of the block's node
  std::uint64_t last[2] = {0, 0};
  each_ram_block(store, [&](std::uint64_t other, const RegionRecord& region) {
    const BlockState state = block_record(store, other)->state.load(std::memory_order_acquire);
    if (region.target_node == node && state != BlockState::offline) {
      const int zone = state == BlockState::online_movable ? 1 : 0;
      first[zone] = std::min(first[zone], other);
      last[zone] = std::max(last[zone], other);
    }
    return true;
  });
  const auto spans = [&](int zone) { return block >= first[zone] && block <= last[zone]; };
  return spans(1) && !spans(0);
}

namespace {

// Does the kernel need the block itself (Profile::first_kernel_block_stays)?
bool is_in_use(const Store& store, std::uint64_t block) {
  if (!store.profile().first_kernel_block_stays ||
      block_record(store, block)->state.load() != BlockState::online_kernel) {
    return false;
  }
  const std::int32_t node = node_of_block(store, block);
  bool first = true;
  each_ram_block(store, [&](std::uint64_t other, const RegionRecord& region) {
    first = region.target_node != node || other >= block ||
            block_record(store, other)->state.load() != BlockState::online_kernel;
    return first;
  });
  return first;
}

} // namespace

Result<void> set_block(const Store& store, std::uint64_t block, store::OnlinePolicy policy) {
  using store::OnlinePolicy;
  std::atomic<BlockState>& state = block_record(store, block)->state;
  const bool is_offline = state.load() == BlockState::offline;
  if (is_offline == (policy == OnlinePolicy::offline)) {
    return because(EINVAL, Reason::block_state);
  }
  if (policy == OnlinePolicy::offline && is_in_use(store, block)) {
    return because(EBUSY, Reason::block_in_use);
  }
  const bool movable =
      policy == OnlinePolicy::online ? is_movable_by_default(store, block) : policy == OnlinePolicy::online_movable;
  state.store(policy == OnlinePolicy::offline ? BlockState::offline
              : movable                       ? BlockState::online_movable
                                              : BlockState::online_kernel,
              std::memory_order_release);
  return {};
}

Result<void> plug_memory(const Store& store, DeviceRecord& device, store::OnlinePolicy policy) {
  if (device.kmem_state == state_of(policy)) {
    return {};
  }
  if (device.kmem_state != KmemState::unplugged) {
    return because(EBUSY, Reason::kmem_state_in_use);
  }
  if (auto added = add_memory(store, device); !added) {
    return added;
  }
  online_memory(store, device, policy);
  return {};
}

Result<void> unplug_memory(const Store& store, DeviceRecord& device) {
  bool busy = false;
  each_block(store, device, [&](std::uint64_t block) {
    busy = is_in_use(store, block);
    return !busy;
  });
  if (busy) { // all of it or nothing (offline_and_remove_memory)
    return because(EBUSY, Reason::block_in_use);
  }
  device.kmem_state = KmemState::unplugged;
  return {};
}

bool has_left_memory(const Store& store, const DeviceRecord& device) {
  const auto ranges = ranges_of(device);
  return std::any_of(ranges.begin(), ranges.end(), [&](const store::RangeRecord& range) {
    return overlaps_left_memory(store, range.phys_start, range.size);
  });
}

} // namespace daxemu::dax
