#include "emu/dax/memory_blocks.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include <fcntl.h>

#include "emu/base/sys.hpp"
#include "emu/base/unique_fd.hpp"
#include "emu/base/units.hpp"

namespace daxemu::dax {
namespace {

using store::BlockState;
using store::DeviceRecord;
using store::DeviceState;
using store::MemoryBlockRecord;
using store::Store;

bool is_ram(const DeviceRecord& device) {
  const DeviceState state = device.state.load(std::memory_order_acquire);
  return state == DeviceState::system_ram || (state != DeviceState::absent && device.memory_stuck != 0);
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

} // namespace

std::uint64_t memory_block_size(const char* block_size_bytes) {
  constexpr std::uint64_t kUsual = 128ULL << 20;
  auto raw = sys::open(block_size_bytes, O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return kUsual;
  }
  const UniqueFd fd(*raw);
  char text[20];
  const auto length = sys::pread(fd.get(), text, sizeof(text), 0);
  std::uint64_t size = 0;
  if (!length || std::from_chars(text, text + *length, size, 16).ec != std::errc()) {
    return kUsual;
  }
  return std::has_single_bit(size) && size >= kUsual ? size : kUsual;
}

void each_block(const Store& store, const DeviceRecord& device, FunctionRef<bool(std::uint64_t)> each) {
  if (!is_ram(device)) {
    return;
  }
  for (const store::RangeRecord& range : ranges_of(device)) {
    const BlockRange blocks = blocks_of(store, range);
    for (std::uint64_t block = blocks.first; block < blocks.last; ++block) {
      if (!each(block)) {
        return;
      }
    }
  }
}

DeviceRecord* device_of_block(const Store& store, std::uint64_t block) {
  for (DeviceRecord& device : store.devices()) {
    if (!is_ram(device)) {
      continue;
    }
    for (const store::RangeRecord& range : ranges_of(device)) {
      const BlockRange blocks = blocks_of(store, range);
      if (block >= blocks.first && block < blocks.last) {
        return &device;
      }
    }
  }
  return nullptr;
}

MemoryBlockRecord* block_record(const Store& store, std::uint64_t number) {
  if (store.regions().empty()) {
    return nullptr;
  }
  const std::uint64_t first = store.regions()[0].phys_start / store.platform().memory_block_size;
  const std::span<MemoryBlockRecord> records = store.memory_blocks();
  return number >= first && number - first < records.size() ? &records[number - first] : nullptr;
}

Result<void> add_memory(const Store& store, DeviceRecord& device) {
  if (device.target_node < 0) {
    return fail(EINVAL);
  }
  std::uint64_t count = 0;
  for (const store::RangeRecord& range : ranges_of(device)) {
    const BlockRange blocks = blocks_of(store, range);
    for (std::uint64_t block = blocks.first; block < blocks.last; ++block) {
      MemoryBlockRecord* record = block_record(store, block);
      if (record == nullptr) {
        return fail(ENOMEM);
      }
      record->state.store(BlockState::offline, std::memory_order_release);
      ++count;
    }
  }
  return count == 0 ? fail(EINVAL) : Result<void>();
}

void remove_memory(const Store& store, DeviceRecord& device) {
  device.memory_stuck = 0;
  each_block(store, device, [&](std::uint64_t block) {
    device.memory_stuck = block_record(store, block)->state.load() == BlockState::offline ? 0 : 1;
    return device.memory_stuck == 0;
  });
}

bool has_stuck_memory(const Store&, const DeviceRecord& device) {
  return device.memory_stuck != 0;
}

} // namespace daxemu::dax
