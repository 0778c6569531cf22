#include "emu/nd/nfit/nfit_errors.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/dax/change.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/nd/media/media_errors.hpp"
#include "emu/nd/nfit/bad_ranges.hpp"

namespace daxemu::nd {
namespace {

constexpr std::uint64_t kSector = 512;

BadRanges bad_of(store::NfitRecord& nfit) {
  return {nfit.bad, nfit.bad_ranges};
}
BadRanges known_of(store::NfitRecord& nfit) {
  return {nfit.known, nfit.known_ranges};
}

bool is_nfit(const store::RegionRecord& region) {
  return region.used.load(std::memory_order_acquire) != 0 && region.nd.first_dimm != 0;
}

// Each piece of it that a device of such a region has: the device, where in its file, how many bytes.
template <class Each>
void each_place(const store::Store& store, std::uint64_t start, std::uint64_t length, Each&& each) {
  for (store::DeviceRecord& device : store.devices()) {
    if (device.state.load(std::memory_order_acquire) == store::DeviceState::absent || device.has_media == 0) {
      continue;
    }
    for (std::uint32_t at = 0; at < std::min(device.nr_ranges, store::kMaxRanges); ++at) {
      const store::RangeRecord& range = device.ranges[at];
      const std::uint64_t from = std::max(start, range.phys_start);
      const std::uint64_t end = std::min(start + length, range.phys_start + range.size);
      if (from < end) {
        each(device, (range.pgoff << kPageShift) + (from - range.phys_start), end - from);
      }
    }
  }
}

// Each extent of a piece, by a byte of it.
template <class Each>
void each_extent_of(const store::DeviceRecord& device, std::uint64_t offset, std::uint64_t size, Each&& each) {
  for (std::uint64_t at = align_down(offset, device.align); at < offset + size; at += device.align) {
    each(at);
  }
}

void poison(const store::Store& store, std::uint64_t start, std::uint64_t length) {
  each_place(store, start, length, [](store::DeviceRecord& device, std::uint64_t offset, std::uint64_t size) {
    each_extent_of(device, offset, size, [&](std::uint64_t at) { poison_byte(device, at); });
  });
}

void heal(const store::Store& store, std::uint64_t start, std::uint64_t length) {
  each_place(store, start, length, [&](store::DeviceRecord& device, std::uint64_t offset, std::uint64_t size) {
    each_extent_of(device, offset, size, [&](std::uint64_t at) { heal_byte(store, device, at); });
  });
}

} // namespace

Result<void> inject_error(const store::Store& store, std::uint64_t start, std::uint64_t length, bool notify) {
  if (length == 0) {
    return fail(EINVAL);
  }
  if (auto added = add_range(bad_of(store.platform().nfit), start, length); !added) {
    return added;
  }
  poison(store, start, length);
  if (notify) {
    scrub(store);
  }
  return {};
}

Result<void> uninject_error(const store::Store& store, std::uint64_t start, std::uint64_t length) {
  if (length == 0) {
    return fail(EINVAL);
  }
  auto forgotten = forget_range(bad_of(store.platform().nfit), start, length);
  if (forgotten) {
    heal(store, start, length);
  }
  return forgotten;
}

Result<void> clear_error(const store::Store& store, std::uint64_t start, std::uint64_t length) {
  if (!is_aligned(start, kClearErrorUnit) || !is_aligned(length, kClearErrorUnit)) {
    return fail(EINVAL);
  }
  store::NfitRecord& nfit = store.platform().nfit;
  Result<void> zeroed;
  each_place(store, start, length, [&](store::DeviceRecord& device, std::uint64_t offset, std::uint64_t size) {
    zeroed = zeroed ? zero_bytes(store, device, offset, size) : zeroed;
  });
  for (const store::RegionRecord& region : store.regions()) { // and where no device has them
    const std::uint64_t from = std::max(start, region.phys_start);
    const std::uint64_t end = std::min(start + length, region.phys_start + region.size);
    if (is_nfit(region) && region.nd.media_slot != 0 && from < end) {
      zeroed = zeroed ? zero_media(store, region, from - region.phys_start, end - from) : zeroed;
    }
  }
  zeroed = zeroed ? forget_range(bad_of(nfit), start, length) : zeroed;
  if (zeroed) {
    heal(store, start, length);
    zeroed = forget_range(known_of(nfit), start, length);
  }
  return zeroed;
}

void scrub(const store::Store& store) {
  store::NfitRecord& nfit = store.platform().nfit;
  for (const store::RegionRecord& region : store.regions()) {
    for (const store::NfitBadRange& range : bad_of(nfit).all()) {
      const std::uint64_t from = std::max(range.start, region.phys_start);
      const std::uint64_t end = std::min(range.start + range.length, region.phys_start + region.size);
      if (is_nfit(region) && from < end) {
        (void)add_range(known_of(nfit), from, end - from); // what there is no room for it finds the next time
      }
    }
  }
  ++nfit.scrubs;
}

Result<void> meet_error(const store::Store& store, std::uint64_t start, std::uint64_t length) {
  const bool is_ours = std::ranges::any_of(store.regions(), [&](const store::RegionRecord& region) {
    return is_nfit(region) && start >= region.phys_start && start - region.phys_start < region.size;
  });
  if (!is_ours) {
    return {};
  }
  store::NfitRecord& nfit = store.platform().nfit;
  auto added = add_range(bad_of(nfit), start, length);
  return added ? add_range(known_of(nfit), start, length) : added;
}

void each_bad_sector(const store::Store& store, std::uint64_t start, std::uint64_t size,
                     FunctionRef<void(std::uint64_t, std::uint64_t)> each) {
  std::uint64_t first = 0;
  std::uint64_t last = 0; // of the run so far: [first, last)
  for (const store::NfitBadRange& range : known_of(store.platform().nfit).all()) {
    const std::uint64_t from = std::max(range.start, start);
    const std::uint64_t end = std::min(range.start + range.length, start + size);
    if (from >= end) {
      continue;
    }
    const std::uint64_t sector = (from - start) / kSector;
    if (sector > last && last != first) {
      each(first, last - first);
    }
    first = sector > last || last == first ? sector : first;
    last = std::max(last, (end - start + kSector - 1) / kSector);
  }
  if (last != first) {
    each(first, last - first);
  }
}

std::uint64_t readable_bytes(const store::Store& store, std::uint64_t start, std::uint64_t offset, std::uint64_t size) {
  std::uint64_t readable = size;
  if (store.platform().nfit.known_ranges != 0) {
    const std::uint64_t from = align_down(offset, kSector);
    each_bad_sector(store, start + from, align_up(offset + size, kSector) - from,
                    [&](std::uint64_t sector, std::uint64_t) {
                      const std::uint64_t bad = from + sector * kSector;
                      readable = std::min(readable, bad <= offset ? 0 : bad - offset);
                    });
  }
  return readable;
}

Result<void> write_over_errors(const store::Store& store, std::uint64_t start, std::uint64_t offset,
                               std::uint64_t size) {
  const std::uint64_t from = align_up(offset, kSector);
  const std::uint64_t end = align_down(offset + size, kSector);
  if (store.platform().nfit.known_ranges == 0 || from >= end ||
      readable_bytes(store, start, from, end - from) == end - from) {
    return {};
  }
  auto change = dax::Change::begin(store);
  return change ? clear_error(store, start + from, end - from) : tl::unexpected(change.error());
}

} // namespace daxemu::nd
