// Regions of the nd bus that DIMMs make: nd_region takes them, and their namespaces come by the labels.
#include "emu/nd/region.hpp"

#include <algorithm>
#include <array>

#include "emu/base/units.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/labels/namespace_labels.hpp"

namespace daxemu::nd {
namespace {

using store::RegionRecord;
using store::Store;

// Whatever its numbers are, which anybody may have written.
bool lies_in(const NdMapping& mapping, const NamespaceLabel& label) {
  return label.dpa >= mapping.start && label.dpa - mapping.start < mapping.size && label.rawsize > 0 &&
         label.rawsize <= mapping.size - (label.dpa - mapping.start);
}

// Is there one of that uuid for that position on the memdev, within its mapping (has_uuid_at_pos, select_pmem_id)?
std::optional<NamespaceLabel> label_at(const Store& store, const NdMapping& mapping, const store::Uuid& uuid,
                                       std::uint64_t cookie, std::uint32_t position) {
  std::optional<NamespaceLabel> found;
  each_label(store, mapping.dimm.labels(), [&](const NamespaceLabel& label) {
    const bool fits =
        label.uuid == uuid && label.cookie == cookie && label.position == position && lies_in(mapping, label);
    if (fits) {
      found = label;
    }
    return !fits;
  });
  return found;
}

constexpr std::size_t kMostNamespaces = store::Capacity().regions; // each is one of these records
struct Found { // where each is: labels are long, and stacks of programs may be short
  struct Place {
    store::Uuid uuid{};
    std::uint64_t dpa = 0;
  };
  std::array<Place, kMostNamespaces> places{};
  std::size_t count = 0;
};

// Those of the first mapping, ascending by address. Errors: ENODEV: a DIMM lacks its part of one.
Result<Found> scan_labels(const Store& store, const RegionRecord& region) {
  Found found;
  const std::uint32_t count = mappings_of(store, region);
  const std::uint64_t cookie = cookie_of(store, region);
  const NdMapping first = mapping_of(store, region, 0);
  bool whole = true;
  each_label(store, first.dimm.labels(), [&](const NamespaceLabel& label) {
    const bool is_ours = label.cookie == cookie && label.dpa >= first.start && label.dpa < first.start + first.size;
    const bool is_known = std::any_of(found.places.begin(), found.places.begin() + found.count,
                                      [&](const Found::Place& other) { return other.uuid == label.uuid; });
    if (!is_ours || is_known || found.count == found.places.size()) {
      return true;
    }
    const auto leader = label_at(store, first, label.uuid, cookie, 0); // there may be several of that uuid
    whole = leader.has_value();
    for (std::uint32_t position = 1; position < count; ++position) {
      whole = whole && label_at(store, mapping_of(store, region, position), label.uuid, cookie, position).has_value();
    }
    if (whole) {
      found.places[found.count++] = {leader->uuid, leader->dpa};
    }
    return whole;
  });
  if (!whole) {
    return fail(ENODEV);
  }
  std::sort(found.places.begin(), found.places.begin() + found.count,
            [](const Found::Place& one, const Found::Place& other) { return one.dpa < other.dpa; });
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
  const NdMapping first = mapping_of(store, region, 0);
  for (std::size_t at = 0; at < std::max<std::size_t>(found->count, 1); ++at) {
    const bool is_there = at < found->count;
    const auto known =
        is_there ? label_at(store, first, found->places[at].uuid, cookie_of(store, region), 0) : std::nullopt;
    const NamespaceLabel label = known.value_or(NamespaceLabel{});
    RegionRecord* space = dax::nd::add_namespace(store, region, is_there ? (label.dpa - first.start) * count : 0,
                                                 is_there ? label.rawsize * count : 0);
    if (space == nullptr) {
      if (at == 0) {
        return fail(ENOMEM);
      }
      region.nd.first_namespaces = static_cast<std::uint32_t>(at); // as many as there is room for; their labels stay
      break;
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

std::uint64_t default_align(std::uint64_t size, std::uint32_t mappings) {
  constexpr std::uint64_t kCompat = 16ULL << 20U; // MEMREMAP_COMPAT_ALIGN_MAX
  const std::uint64_t align = size < kCompat ? kPageSize : kCompat;
  return mappings != 0 && align % mappings != 0 ? align * mappings : align;
}

Result<void> bind_region(const Store& store, RegionRecord& region) {
  if (region.nd.labelled == 0) {
    return dax::nd::bind_region(store, region);
  }
  if (region.nd.unbound == 0) {
    return fail(EBUSY);
  }
  if (!are_dimms_bound(store, region)) {
    return fail(ENXIO); // init_active_labels()
  }
  region.nd.unbound = 0;
  if (auto added = add_namespaces(store, region); !added) {
    (void)unbind_region(store, region);
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
                  [&](RegionRecord* space) { (void)bind_namespace(store, *space); });
  }
  return {};
}

} // namespace daxemu::nd
