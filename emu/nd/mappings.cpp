// Which DIMMs a region of the nd bus is made of, and what of them is free.
#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/nd/media/cxl_ways.hpp"
#include "emu/nd/region.hpp"

namespace daxemu::nd {
namespace {

// nd_fletcher64() of words as they come.
class Fletcher {
public:
  Fletcher& add(std::uint32_t word) {
    low_ += word;
    high_ += low_;
    return *this;
  }
  Fletcher& add_long(std::uint64_t value) {
    return add(static_cast<std::uint32_t>(value)).add(static_cast<std::uint32_t>(value >> 32U));
  }
  [[nodiscard]] std::uint64_t sum() const { return high_ << 32U | low_; }

private:
  std::uint32_t low_ = 0;
  std::uint64_t high_ = 0;
};

// Of a DIMM struct nfit_set_info_map, where labels are of version 1.1, else nfit_set_info_map2: 48 bytes, of which the
// last ones are zero.
void add_nfit(Fletcher& fletcher, const store::NfitDimmRecord& dimm, bool is_old) {
  if (is_old) {
    fletcher.add_long(0).add(dimm.serial).add(0);
    return;
  }
  constexpr int kRest = 7;
  fletcher.add_long(0).add(dimm.serial);
  fletcher.add(dimm.vendor | std::uint32_t{dimm.date_made} << 16U).add(dimm.place_made);
  for (int word = 0; word < kRest; ++word) {
    fletcher.add(0);
  }
}

} // namespace

std::uint32_t mappings_of(const store::Store& store, const store::RegionRecord& region) {
  const store::RegionRecord& whole = dax::nd::region_of_namespace(store, region);
  if (whole.nd.first_dimm != 0) {
    return std::min<std::uint32_t>(whole.nd.dimms, store::kMaxNfitDimms);
  }
  const store::CxlRegionRecord* behind = cxl_region_of(store, region);
  return behind == nullptr ? 0 : std::min<std::uint32_t>(behind->ways, store::kMaxCxlWays);
}

NdMapping mapping_of(const store::Store& store, const store::RegionRecord& region, std::uint32_t position) {
  const store::RegionRecord& whole = dax::nd::region_of_namespace(store, region);
  if (whole.nd.first_dimm != 0) {
    const std::uint32_t at = whole.nd.first_dimm - 1 + position;
    if (position >= whole.nd.dimms || at >= store::kMaxNfitDimms) {
      return {};
    }
    return {{nullptr, &store.platform().nfit.dimm[at]}, 0, whole.size / whole.nd.dimms};
  }
  const store::CxlRegionRecord* behind = cxl_region_of(store, region);
  const CxlWay way = behind == nullptr ? CxlWay{} : way_of(store, *behind, position);
  return {{way.memdev, nullptr}, way.start, way.size};
}

std::uint64_t cookie_of(const store::Store& store, const store::RegionRecord& region) {
  Fletcher fletcher;
  const Dimm first = mapping_of(store, region, 0).dimm;
  const bool is_old = first.nfit != nullptr && version_of_labels(store, first.labels()) == LabelVersion::v1_1;
  for (std::uint32_t position = 0; position < mappings_of(store, region); ++position) {
    const NdMapping mapping = mapping_of(store, region, position);
    if (mapping.dimm.nfit != nullptr) {
      add_nfit(fletcher, *mapping.dimm.nfit, is_old);
    } else {
      fletcher.add_long(mapping.start).add_long(mapping.dimm.memdev == nullptr ? 0 : mapping.dimm.memdev->serial);
    }
  }
  return fletcher.sum();
}

bool are_dimms_bound(const store::Store& store, const store::RegionRecord& region) {
  for (std::uint32_t position = 0; position < mappings_of(store, region); ++position) {
    if (!mapping_of(store, region, position).dimm.is_bound()) {
      return false;
    }
  }
  return true;
}

namespace {

// The first free bytes of the region at or behind `from`: [first, last); empty behind its last one.
struct Hole {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
Hole next_hole(const store::Store& store, const store::RegionRecord& region, std::uint64_t from) {
  std::uint64_t first = from;
  std::uint64_t last = region.size;
  for (bool moved = true; moved;) { // past all that begin before or at it
    moved = false;
    for (const store::RegionRecord& space : store.regions()) {
      const std::uint64_t start = space.phys_start - region.phys_start;
      if (dax::nd::is_namespace_of(store, region, space) && space.size > 0 && start <= first &&
          start + space.size > first) {
        first = start + space.size;
        moved = true;
      }
    }
  }
  for (const store::RegionRecord& space : store.regions()) {
    const std::uint64_t start = space.phys_start - region.phys_start;
    if (dax::nd::is_namespace_of(store, region, space) && space.size > 0 && start > first) {
      last = std::min(last, start);
    }
  }
  return {first, std::max(first, last)};
}

} // namespace

// nd_pmem_available_dpa(): what is used reaches to where the next namespace could begin.
std::uint64_t available_dpa(const store::Store& store, const store::RegionRecord& region) {
  const std::uint64_t align = region.nd.align;
  std::uint64_t busy = 0;
  for (const store::RegionRecord& space : store.regions()) {
    if (dax::nd::is_namespace_of(store, region, space) && space.size > 0) {
      const std::uint64_t start = space.phys_start - region.phys_start;
      busy += round_up(start + space.size, align) - round_down(start, align);
    }
  }
  return busy < region.size ? round_down(region.size - busy, align) : 0;
}

// nd_pmem_max_contiguous_dpa()
std::uint64_t allocatable_dpa(const store::Store& store, const store::RegionRecord& region) {
  const std::uint64_t align = region.nd.align;
  std::uint64_t largest = 0;
  for (Hole hole = next_hole(store, region, 0); hole.first < region.size; hole = next_hole(store, region, hole.last)) {
    const std::uint64_t first = round_up(hole.first, align);
    const std::uint64_t last = round_down(hole.last, align);
    largest = std::max(largest, last > first ? last - first : 0);
  }
  return largest;
}

} // namespace daxemu::nd
