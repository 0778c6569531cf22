#include "emu/nd/media/media_errors.hpp"

#include <algorithm>
#include <array>

#include "emu/base/units.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/nd/media/cxl_ways.hpp"
#include "emu/nd/media/media_files.hpp"
#include "emu/nd/media/stripes.hpp"

namespace daxemu::nd {
namespace {

Result<mm::FolioTable> folios_of(const store::DeviceRecord& device) {
  return mm::FolioTable::open(device.folios_location.c_str(), dax::extent_count(device));
}

void fail_extent(const mm::FolioTable& folios, ExtentIndex extent) {
  folios[extent].flags.fetch_or(mm::kFolioHwpoison);
  folios.control().failures.note(extent, 0);
}

// Of a CXL region: its memdevs' lists, granule by granule.
void each_cxl_error(const store::Store& store, const store::CxlRegionRecord& region, const RegionMedia& media,
                    EachError each) {
  const Stripes stripes(media);
  for (std::uint32_t position = 0; position < stripes.ways; ++position) {
    const CxlWay way = way_of(store, region, position);
    const std::uint32_t count = way.memdev == nullptr ? 0 : way.memdev->poison_count;
    for (std::uint32_t at = 0; at < std::min<std::uint32_t>(count, store::kMaxCxlPoison); ++at) {
      const store::CxlPoisonRecord& entry = way.memdev->poison[at];
      std::uint64_t from = std::max(entry.start, way.start);
      const std::uint64_t end = std::min(entry.start + entry.length, way.start + way.size);
      while (from < end) {
        const std::uint64_t within = from - way.start;
        const std::uint64_t length = std::min(end - from, stripes.granularity - within % stripes.granularity);
        each(media.start + stripes.offset_of(within, position), length);
        from += length;
      }
    }
  }
}

// Calls for each extent of the device that has a bad byte, maybe more than once, until told to stop.
void each_bad_extent(const store::Store& store, const store::DeviceRecord& device,
                     FunctionRef<bool(ExtentIndex)> each) {
  bool go_on = true;
  each_media_error(store, store.region_of(device), [&](std::uint64_t address, std::uint64_t length) {
    const std::uint64_t end = address + length;
    while (go_on && address < end) {
      const auto offset = offset_in(device, address);
      // Both ends of an extent are in one range, which it does not reach behind.
      const std::uint64_t next = align_down(address, kPageSize) + kPageSize;
      if (!offset) {
        address = next;
        continue;
      }
      go_on = each(ExtentIndex(*offset / device.align));
      address += device.align - *offset % device.align;
    }
  });
}

} // namespace

void each_media_error(const store::Store& store, const store::RegionRecord& region, EachError each) {
  const store::RegionRecord& whole = dax::nd::region_of_namespace(store, region);
  const store::CxlRegionRecord* behind = cxl_region_of(store, whole);
  const auto media = behind == nullptr ? std::nullopt : media_of(store, whole);
  if (media) {
    each_cxl_error(store, *behind, *media, each);
    return;
  }
  const store::NfitRecord& nfit = store.platform().nfit;
  for (std::uint32_t at = 0; at < std::min<std::uint32_t>(nfit.bad_ranges, store::kMaxNfitBadRanges); ++at) {
    const std::uint64_t from = std::max(nfit.bad[at].start, whole.phys_start);
    const std::uint64_t end = std::min(nfit.bad[at].start + nfit.bad[at].length, whole.phys_start + whole.size);
    if (whole.nd.first_dimm != 0 && from < end) {
      each(from, end - from);
    }
  }
}

std::optional<std::uint64_t> offset_in(const store::DeviceRecord& device, std::uint64_t address) {
  for (std::uint32_t at = 0; at < std::min(device.nr_ranges, store::kMaxRanges); ++at) {
    const store::RangeRecord& range = device.ranges[at];
    if (address >= range.phys_start && address - range.phys_start < range.size) {
      return (range.pgoff << kPageShift) + (address - range.phys_start);
    }
  }
  return std::nullopt;
}

bool lists_errors(const store::Store& store, const store::RegionRecord& region) {
  const store::RegionRecord& whole = dax::nd::region_of_namespace(store, region);
  return whole.nd.first_dimm != 0 || cxl_region_of(store, whole) != nullptr;
}

ErrorLine error_line_at(const store::Store& store, const store::DeviceRecord& device, std::uint64_t offset) {
  const auto at = dax::phys_of(device, ByteOffset(offset));
  if (!at) {
    return ErrorLine::unlisted;
  }
  const std::uint64_t line = align_down(at->value(), kErrorLine);
  const std::uint64_t extent = at->value() - offset % device.align; // all of it is in one range
  ErrorLine found = ErrorLine::unlisted;
  each_media_error(store, store.region_of(device), [&](std::uint64_t from, std::uint64_t length) {
    if (from < line + kErrorLine && line < from + length) {
      found = ErrorLine::bad;
    } else if (found == ErrorLine::unlisted && from < extent + device.align && extent < from + length) {
      found = ErrorLine::beside;
    }
  });
  return found;
}

void poison_device(const store::Store& store, const store::DeviceRecord& device) {
  std::optional<mm::FolioTable> folios;
  each_bad_extent(store, device, [&](ExtentIndex extent) {
    if (!folios) {
      auto opened = folios_of(device);
      if (!opened) {
        return false;
      }
      folios.emplace(std::move(*opened));
    }
    fail_extent(*folios, extent);
    return true;
  });
}

void poison_byte(const store::DeviceRecord& device, std::uint64_t offset) {
  if (const auto folios = folios_of(device)) {
    fail_extent(*folios, ExtentIndex(offset / device.align));
  }
}

void heal_byte(const store::Store& store, store::DeviceRecord& device, std::uint64_t offset) {
  const ExtentIndex extent(offset / device.align);
  bool is_bad = false;
  each_bad_extent(store, device, [&](ExtentIndex other) { return !(is_bad = other == extent); });
  if (const auto folios = folios_of(device); folios && !is_bad) {
    device.mapping_changes.fetch_add(1);
    (*folios)[extent].flags.fetch_and(~mm::kFolioHwpoison);
  }
}

Result<void> zero_bytes(const store::Store& store, const store::DeviceRecord& device, std::uint64_t offset,
                        std::uint64_t size) {
  const auto file = DeviceFile::open(store, device);
  constexpr std::array<std::byte, 512> kZeroes{};
  for (std::uint64_t at = 0; file && at < size; at += kZeroes.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(kZeroes.size(), size - at);
    if (auto written = file->write(std::span(kZeroes).first(count), offset + at); !written) {
      return written;
    }
  }
  return file ? Result<void>() : fail(file.error().value);
}

} // namespace daxemu::nd
