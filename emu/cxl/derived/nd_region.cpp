// Regions of the nd bus that are persistent CXL regions: they come, and their namespaces by the labels.
#include "emu/cxl/derived/nd_region.hpp"

#include <algorithm>
#include <array>

#include "emu/base/units.hpp"
#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/derived/namespace_labels.hpp"
#include "emu/dax/cxl_windows.hpp"
#include "emu/dax/nd.hpp"
#include "emu/dax/nd_namespaces.hpp"
#include "emu/dax/passing_region.hpp"

namespace daxemu::cxl {
namespace {

using store::RegionRecord;
using store::Store;

// default_align() in drivers/nvdimm/region_devs.c.
std::uint64_t default_align(const RegionRecord& region, std::uint32_t mappings) {
  constexpr std::uint64_t kCompat = 16ULL << 20U; // MEMREMAP_COMPAT_ALIGN_MAX
  const std::uint64_t align = region.size < kCompat ? kPageSize : kCompat;
  return mappings != 0 && align % mappings != 0 ? align * mappings : align;
}

// Is there one of that uuid for that position on the memdev, within its mapping (has_uuid_at_pos, select_pmem_id)?
std::optional<NamespaceLabel> label_at(const Store& store, const NdMapping& mapping, const store::Uuid& uuid,
                                       std::uint64_t cookie, std::uint32_t position) {
  std::optional<NamespaceLabel> found;
  each_label(store, *mapping.memdev, [&](const NamespaceLabel& label) {
    const bool fits = label.uuid == uuid && label.cookie == cookie && label.position == position &&
                      label.dpa >= mapping.start && label.dpa + label.rawsize <= mapping.start + mapping.size &&
                      label.rawsize > 0;
    if (fits) {
      found = label;
    }
    return !fits;
  });
  return found;
}

constexpr std::size_t kMostNamespaces = 16;
struct Found {
  std::array<NamespaceLabel, kMostNamespaces> labels{};
  std::size_t count = 0;
};

// Those of the first mapping, ascending by address. Errors: ENODEV: a DIMM lacks its part of one.
Result<Found> scan_labels(const Store& store, const RegionRecord& region) {
  Found found;
  const std::uint32_t count = mappings_of(store, region);
  const std::uint64_t cookie = cookie_of(store, region);
  const NdMapping first = mapping_of(store, region, 0);
  bool whole = true;
  each_label(store, *first.memdev, [&](const NamespaceLabel& label) {
    const bool is_ours = label.cookie == cookie && label.dpa >= first.start && label.dpa < first.start + first.size;
    const bool is_known = std::any_of(found.labels.begin(), found.labels.begin() + found.count,
                                      [&](const NamespaceLabel& other) { return other.uuid == label.uuid; });
    if (!is_ours || is_known || found.count == found.labels.size()) {
      return true;
    }
    for (std::uint32_t position = 0; position < count; ++position) {
      whole = whole && label_at(store, mapping_of(store, region, position), label.uuid, cookie, position).has_value();
    }
    if (whole) {
      found.labels[found.count++] = label;
    }
    return whole;
  });
  if (!whole) {
    return fail(ENODEV);
  }
  std::sort(found.labels.begin(), found.labels.begin() + found.count,
            [](const NamespaceLabel& one, const NamespaceLabel& other) { return one.dpa < other.dpa; });
  return found;
}

// create_namespace_pmem() of each, or an empty one.
Result<void> add_namespaces(const Store& store, RegionRecord& region) {
  const auto found = scan_labels(store, region);
  if (!found) {
    return tl::unexpected(found.error());
  }
  const std::uint32_t count = mappings_of(store, region);
  region.nd.first_namespaces = static_cast<std::uint32_t>(std::max<std::size_t>(found->count, 1));
  const std::uint64_t base = mapping_of(store, region, 0).start;
  for (std::size_t at = 0; at < std::max<std::size_t>(found->count, 1); ++at) {
    const NamespaceLabel& label = found->labels[at];
    const bool is_there = at < found->count;
    RegionRecord* space = dax::nd::add_namespace(store, region, is_there ? (label.dpa - base) * count : 0,
                                                 is_there ? label.rawsize * count : 0);
    if (space == nullptr) {
      return fail(ENOMEM);
    }
    if (is_there) {
      space->nd.has_uuid = 1;
      space->nd.uuid = label.uuid;
      space->nd.alt_name = label.name;
      space->nd.sector_size = label.sector_size;
      space->nd.holder_class = label.holder_class;
    }
    if (at == 0) {
      region.nd.namespace_seed = dax::nd::reference_of(store, *space);
    }
  }
  return {};
}

} // namespace

Result<void> bind_nd_region(const Store& store, RegionRecord& region) {
  if (region.nd.labelled == 0) {
    return dax::nd::bind_region(store, region);
  }
  if (region.nd.unbound == 0) {
    return fail(EBUSY);
  }
  for (std::uint32_t position = 0; position < mappings_of(store, region); ++position) {
    const CxlMemdevRecord* memdev = mapping_of(store, region, position).memdev;
    if (memdev == nullptr || memdev->dimm == 0 || memdev->dimm_unbound != 0) {
      return fail(ENXIO); // init_active_labels()
    }
  }
  region.nd.unbound = 0;
  if (auto added = add_namespaces(store, region); !added) {
    (void)unbind_nd_region(store, region);
    return added;
  }
  dax::nd::add_seeds(region);
  if (store.platform().nd_autoprobe_off == 0) {
    std::array<RegionRecord*, kMostNamespaces> spaces{}; // a dax that is bound makes a seed, which is none of these
    std::size_t count = 0;
    for (RegionRecord& space : store.regions()) {
      if (dax::nd::is_namespace_of(store, region, space) && count < spaces.size()) {
        spaces[count++] = &space;
      }
    }
    std::sort(spaces.begin(), spaces.begin() + count, [](const RegionRecord* one, const RegionRecord* other) {
      return one->nd.namespace_id < other->nd.namespace_id;
    });
    std::for_each(spaces.begin(), spaces.begin() + count,
                  [&](RegionRecord* space) { (void)bind_nd_namespace(store, *space); });
  }
  return {};
}

Result<void> add_nd_region(const Store& store, CxlRegionRecord& region) {
  if (store.cxl().state.bridge_unbound != 0) {
    return fail(ENODEV);
  }
  for (std::uint32_t at = 0; at < std::min<std::uint32_t>(region.ways, store::kMaxCxlWays); ++at) {
    const CxlDecoderRecord* decoder = decoder_at(store, region.targets[at]);
    if (decoder == nullptr || memdev_of(store, *decoder).dimm == 0) {
      return fail(ENODEV);
    }
  }
  RegionRecord* record = dax::free_region_record(store);
  if (record == nullptr) {
    return fail(ENOMEM);
  }
  const CxlDecoderRecord* window = dax::window_at(store, region.start);
  record->id = region.id;
  record->kind = store::RegionKind::pmem;
  record->numa_node = 0; // memory_add_physaddr_to_nid()
  record->target_node = window == nullptr ? 0 : std::max(window->target_node, 0);
  record->seed = 0;
  record->youngest = 0;
  record->phys_start = region.start;
  record->size = region.size;
  record->align = kPmdSize;
  record->cpus = {};
  record->cxl = reference_of(store, region);
  record->nd = {};
  record->nd.labelled = 1;
  record->nd.unbound = 1;
  record->nd.align = default_align(*record, region.ways);
  store::Platform& platform = store.platform();
  const std::uint32_t number = dax::nd::reference_of(store, *record);
  platform.regions_used.store(std::max(platform.regions_used.load(), number), std::memory_order_release);
  record->used.store(1, std::memory_order_release);
  region.region = number;
  if (platform.nd_autoprobe_off == 0) {
    (void)bind_nd_region(store, *record); // one that is not probed is there all the same
  }
  return {};
}

void remove_nd_region(const Store& store, CxlRegionRecord& region) {
  const std::span<RegionRecord> records = store.regions();
  if (region.region == 0 || region.region > records.size()) {
    return;
  }
  RegionRecord& record = records[region.region - 1];
  (void)unbind_nd_region(store, record);
  record.used.store(0, std::memory_order_release);
  region.region = 0;
}

} // namespace daxemu::cxl
