#include "emu/dax/memory/left_memory.hpp"

#include "emu/base/units.hpp"
#include "emu/dax/memory/memory_blocks.hpp"

namespace daxemu::dax {

using store::DeviceRecord;
using store::LeftBlock;
using store::MemoryBlockRecord;
using store::RegionRecord;
using store::Store;

void leave_memory(const Store& store, const DeviceRecord& device, std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t block = first; block < end; ++block) {
    if (MemoryBlockRecord* record = block_record(store, block); record != nullptr) {
      record->left = block == first ? LeftBlock::first_of_range : LeftBlock::further;
      record->left_by = device.id;
      store.platform().blocks_left.fetch_add(1);
    }
  }
}

bool is_left(const Store& store, std::uint64_t block) {
  if (store.platform().blocks_left.load() == 0) {
    return false;
  }
  const MemoryBlockRecord* record = block_record(store, block);
  return record != nullptr && record->left != LeftBlock::no;
}

bool overlaps_left_memory(const Store& store, std::uint64_t start, std::uint64_t size) {
  const std::uint64_t block_size = store.platform().memory_block_size;
  const std::uint64_t end = align_up(start + size, block_size) / block_size;
  for (std::uint64_t block = start / block_size; block < end; ++block) {
    if (is_left(store, block)) {
      return true;
    }
  }
  return false;
}

void each_left_range(const Store& store, FunctionRef<bool(const LeftRange&)> each) {
  if (store.platform().blocks_left.load() == 0) {
    return;
  }
  const std::uint64_t block_size = store.platform().memory_block_size;
  for (RegionRecord& region : store.regions()) {
    if (region.nd.labelled != 0) {
      continue; // its namespaces have the devices, and records of their own
    }
    const std::uint64_t end = (region.phys_start + region.size) / block_size;
    for (std::uint64_t block = region.phys_start / block_size; block < end; ++block) {
      if (!is_left(store, block)) {
        continue;
      }
      LeftRange range{&region, block_record(store, block)->left_by, block, block + 1};
      while (range.end < end && is_left(store, range.end) &&
             block_record(store, range.end)->left == LeftBlock::further) {
        ++range.end;
      }
      block = range.end - 1;
      if (!each(range)) {
        return;
      }
    }
  }
}

} // namespace daxemu::dax
