#include "emu/dax/ranges.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/dax/device/device_bytes.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/dax/region_space.hpp"
#include "emu/dax/undo.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::RangeRecord;
using store::RegionRecord;
using trace::because;
using trace::Reason;

// alloc_is_aligned(): a device is mapped at least by sub-sections of 2M, whatever its extents.
bool is_unit(const DeviceRecord& device, std::uint64_t size) {
  return is_aligned(size, std::max(device.align, kPmdSize));
}

std::uint64_t sum_of_ranges(const DeviceRecord& device) {
  std::uint64_t size = 0;
  for (std::uint32_t at = 0; at < device.nr_ranges; ++at) {
    size += device.ranges[at].size;
  }
  return size;
}

void publish_size(DeviceRecord& device) {
  device.size.store(sum_of_ranges(device), std::memory_order_release);
}

// alloc_dev_dax_range() of a size that is not 0.
Result<void> append(const store::Store& store, DeviceRecord& device, std::uint64_t start, std::uint64_t size) {
  if (!is_free(store, store.region_of(device), start, size) || device.nr_ranges >= store::kMaxRanges) {
    return fail(ENOMEM);
  }
  device.ranges[device.nr_ranges] = {.pgoff = sum_of_ranges(device) >> kPageShift, .phys_start = start, .size = size};
  ++device.nr_ranges;
  return {};
}

// dev_dax_shrink()
void shrink(DeviceRecord& device, std::uint64_t bytes) {
  while (bytes > 0 && device.nr_ranges > 0) {
    RangeRecord& last = device.ranges[device.nr_ranges - 1];
    const std::uint64_t cut = std::min(bytes, last.size);
    if (cut == last.size) {
      --device.nr_ranges;
    } else {
      last.size -= cut;
    }
    bytes -= cut;
  }
}

// One step of dev_dax_resize(): takes free space where the kernel looks for it first. Returns the bytes taken.
Result<std::uint64_t> grow_once(const store::Store& store, DeviceRecord& device, std::uint64_t bytes) {
  const RegionRecord& region = store.region_of(device);
  const std::uint64_t region_end = region.phys_start + region.size;
  auto at = next_allocation(store, region, region.phys_start);
  const std::uint64_t first_free = at ? at->start - region.phys_start : region.size;
  if (first_free > 0) {
    const std::uint64_t take = std::min(first_free, bytes);
    auto taken = append(store, device, region.phys_start, take);
    return taken ? Result<std::uint64_t>(take) : tl::unexpected(taken.error());
  }
  while (at) {
    const auto next = next_allocation(store, region, at->end);
    const std::uint64_t take = std::min((next ? next->start : region_end) - at->end, bytes);
    if (take > 0) {
      // adjust_ok(): only the device's last range can be extended, or offsets would move.
      if (at->device == &device && at->range == device.nr_ranges - 1) {
        device.ranges[at->range].size += take;
        return take;
      }
      auto taken = append(store, device, at->end, take);
      return taken ? Result<std::uint64_t>(take) : tl::unexpected(taken.error());
    }
    at = next;
  }
  return fail(ENOSPC);
}

Result<void> grow(const store::Store& store, DeviceRecord& device, std::uint64_t bytes) {
  while (bytes > 0) {
    const auto taken = grow_once(store, device, bytes);
    if (!taken) {
      return tl::unexpected(taken.error());
    }
    bytes -= *taken;
  }
  return {};
}

} // namespace

Result<void> resize(const store::Store& store, DeviceRecord& device, std::uint64_t size) {
  if (!is_unit(device, size)) {
    return because(EINVAL, {.reason = Reason::size_misaligned, .a = size, .b = device.align, .minor = device.minor});
  }
  if (is_bound(device)) {
    return because(EBUSY, {.reason = Reason::device_is_bound, .minor = device.minor});
  }
  const std::uint64_t old = sum_of_ranges(device);
  if (size == old) {
    return {};
  }
  if (size < old) {
    {
      const Undo undo(store, device);
      shrink(device, old - size);
      publish_size(device);
      device.image = {}; // it is of one size and one kind of extent
    }
    trim_bytes(store, device);
    return {};
  }
  if (const std::uint64_t free = available_size(store, store.region_of(device)); size - old > free) {
    return because(ENOSPC, {.reason = Reason::no_space_to_grow, .a = size - old, .b = free, .minor = device.minor});
  }
  if (!is_unit(device, size - old)) {
    return because(ENXIO, {.reason = Reason::growth_misaligned, .a = size - old, .minor = device.minor});
    // the old size does not fit a larger extent chosen since
  }
  const Undo undo(store, device);
  if (auto bytes = reserve_bytes(store, device, size); !bytes) {
    return bytes;
  }
  auto grown = grow(store, device, size - old);
  publish_size(device);
  device.image = {};
  if (!grown) {
    trim_bytes(store, device);
  }
  return grown;
}

Result<void> add_range(const store::Store& store, DeviceRecord& device, std::uint64_t start, std::uint64_t size) {
  if (!is_unit(device, size)) {
    const int said = store.profile().odd_mapping_range;
    return said == 0 ? Result<void>()
                     : Result<void>(because(said, {.reason = Reason::range_misaligned, .minor = device.minor}));
  }
  if (size == 0) {
    return device.nr_ranges != 0
               ? Result<void>(because(EBUSY, {.reason = Reason::range_refused, .minor = device.minor}))
               : Result<void>();
  }
  if (!is_free(store, store.region_of(device), start, size)) {
    return because(ENOMEM, {.reason = Reason::range_refused, .minor = device.minor});
  }
  const Undo undo(store, device);
  if (auto bytes = reserve_bytes(store, device, sum_of_ranges(device) + size); !bytes) {
    return bytes;
  }
  auto appended = append(store, device, start, size);
  publish_size(device);
  device.image = {};
  return appended;
}

Result<void> set_align(const store::Store& store, DeviceRecord& device, std::uint64_t align) {
  if (align != kPageSize && align != kPmdSize && align != kPudSize) {
    return because(EINVAL, {.reason = Reason::align_unknown, .a = align, .minor = device.minor});
  }
  if (is_bound(device)) {
    return because(EBUSY, {.reason = Reason::device_is_bound, .minor = device.minor});
  }
  const Undo undo(store, device);
  const std::uint64_t old = device.align;
  device.align = align;
  for (std::uint32_t at = 0; at < device.nr_ranges; ++at) {
    if (!is_unit(device, device.ranges[at].size)) {
      device.align = old;
      return because(EINVAL, {.reason = Reason::align_invalid_for_range, .a = align, .b = at, .minor = device.minor});
    }
  }
  if (auto moved = adapt_bytes(store, device); !moved) {
    device.align = old;
    return moved;
  }
  device.image = {};
  return {};
}

void free_ranges(const store::Store& store, DeviceRecord& device) {
  device.nr_ranges = 0;
  publish_size(device);
  trim_bytes(store, device);
}

} // namespace daxemu::dax
