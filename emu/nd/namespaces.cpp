// Namespaces of a region with labels: what writes to their attributes do, and the labels that follow.
#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/nd/region.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::nd {
namespace {

using dax::nd::region_of_namespace;
using store::RegionRecord;
using store::Store;
using trace::because;
using trace::Reason;

bool is_in_use(const Store& store, const RegionRecord& space) {
  return dax::nd::is_disk(space) || dax::nd::holder_of_namespace(store, space) != nullptr;
}

// nd_pmem_namespace_label_update(): first as one that is being written, on every DIMM, then as a whole one.
Result<void> write_namespace_labels(const Store& store, const RegionRecord& space) {
  const RegionRecord& region = region_of_namespace(store, space);
  const std::uint32_t count = mappings_of(store, region);
  if (count == 0) {
    return fail(ENXIO);
  }
  NamespaceLabel label = {.uuid = space.nd.uuid,
                          .name = space.nd.alt_name,
                          .nlabel = static_cast<std::uint16_t>(count),
                          .cookie = cookie_of(store, region),
                          .sector_size = space.nd.sector_size,
                          .rawsize = space.size / count,
                          .holder_class = space.nd.holder_class};
  for (const std::uint32_t flags : {kLabelUpdating, 0U}) {
    for (std::uint32_t position = 0; position < count; ++position) {
      const NdMapping mapping = mapping_of(store, region, position);
      label.flags = flags;
      label.position = static_cast<std::uint16_t>(position);
      label.dpa = mapping.start + (space.phys_start - region.phys_start) / count;
      if (auto written = !mapping.dimm.is_there() ? fail(ENXIO) : put_label(store, mapping.dimm.labels(), label);
          !written) {
        return written;
      }
    }
  }
  return {};
}

Result<void> drop_namespace_labels(const Store& store, const RegionRecord& space, const store::Uuid& uuid) {
  const RegionRecord& region = region_of_namespace(store, space);
  for (std::uint32_t position = 0; position < mappings_of(store, region); ++position) {
    const NdMapping mapping = mapping_of(store, region, position);
    if (auto dropped = !mapping.dimm.is_there() ? fail(ENXIO) : drop_label(store, mapping.dimm.labels(), uuid);
        !dropped) {
      return dropped;
    }
  }
  return {};
}

// nd_namespace_label_update()
Result<void> update_labels(const Store& store, const RegionRecord& space) {
  if (is_in_use(store, space) || space.nd.has_uuid == 0) {
    return {};
  }
  return space.size == 0 ? drop_namespace_labels(store, space, space.nd.uuid) : write_namespace_labels(store, space);
}

// btt_claim_class(): the layout of a btt goes with the version of the labels, those that an area without any will get
// too. Errors: ENXIO (the DIMMs do not agree).
Result<store::NdKind> btt_class(const Store& store, const RegionRecord& space) {
  constexpr auto bit = [](LabelVersion version) { return 1U << static_cast<unsigned>(version); };
  unsigned versions = 0;
  for (std::uint32_t position = 0; position < mappings_of(store, space); ++position) {
    const Dimm dimm = mapping_of(store, space, position).dimm;
    if (!dimm.is_bound()) {
      return store::NdKind::btt;
    }
    versions |= bit(version_of_labels(store, dimm.labels()));
  }
  switch (versions) {
  case 0:
  case bit(LabelVersion::v1_1):
    return store::NdKind::btt;
  case bit(LabelVersion::none):
  case bit(LabelVersion::v1_2):
    return store::NdKind::btt2;
  default:
    return fail(ENXIO);
  }
}

// Is nobody's in the region: bytes [start, start + size)?
bool is_free(const Store& store, const RegionRecord& region, std::uint64_t start, std::uint64_t size) {
  const std::span<RegionRecord> all = store.regions();
  return start + size <= region.size && std::none_of(all.begin(), all.end(), [&](const RegionRecord& other) {
           const std::uint64_t begin = other.phys_start - region.phys_start;
           return dax::nd::is_namespace_of(store, region, other) && begin < start + size && start < begin + other.size;
         });
}

// scan_allocate(), space_valid(): behind what it has, else the lowest place that the region's align allows. Errors:
// ENXIO.
Result<void> grow(const Store& store, RegionRecord& space, std::uint64_t size) {
  const RegionRecord& region = region_of_namespace(store, space);
  const std::uint64_t align = region.nd.align;
  const std::uint64_t start = space.phys_start - region.phys_start;
  if (space.size > 0) {
    if ((start + space.size) % align != 0 || !is_free(store, region, start + space.size, size - space.size)) {
      return fail(ENXIO);
    }
    dax::nd::place_namespace(store, space, start, size);
    return {};
  }
  std::uint64_t best = is_free(store, region, 0, size) ? 0 : UINT64_MAX;
  for (const RegionRecord& other : store.regions()) {
    if (dax::nd::is_namespace_of(store, region, other) && other.size > 0) {
      const std::uint64_t behind = round_up(other.phys_start + other.size - region.phys_start, align);
      best = is_free(store, region, behind, size) ? std::min(best, behind) : best;
    }
  }
  if (best == UINT64_MAX) {
    return because(ENXIO, Reason::nd_not_contiguous);
  }
  dax::nd::place_namespace(store, space, best, size);
  return {};
}

} // namespace

Result<void> set_namespace_size(const Store& store, RegionRecord& space, std::uint64_t size) {
  RegionRecord& region = region_of_namespace(store, space);
  if (is_in_use(store, space)) {
    return because(EBUSY, Reason::nd_space_in_use);
  }
  if (space.nd.has_uuid == 0) {
    return because(ENXIO, Reason::nd_no_uuid);
  }
  if (size % region.nd.align != 0) {
    return because(EINVAL, {.reason = Reason::nd_size_misaligned, .a = size, .b = region.nd.align >> 10U});
  }
  if (mappings_of(store, region) == 0 || !are_dimms_bound(store, region)) {
    return because(ENXIO, Reason::nd_no_dimms);
  }
  if (size > allocatable_dpa(store, region) + space.size) {
    return because(ENOSPC, {.reason = Reason::nd_no_space, .a = size});
  }
  space.nd.info = size == space.size ? space.nd.info : store::NdInfoBlock{};
  if (size > space.size) {
    if (auto grown = grow(store, space, size); !grown) {
      return grown;
    }
  } else {
    dax::nd::place_namespace(store, space, space.phys_start - region.phys_start, size);
  }
  auto updated = update_labels(store, space);
  if (size == 0) {
    space.nd.has_uuid = 0;
    space.nd.uuid = {};
    if (space.nd.namespace_id != 0 && region.nd.namespace_seed != dax::nd::reference_of(store, space)) {
      space.used.store(0, std::memory_order_release); // nd_device_unregister()
    }
  }
  return updated;
}

Result<void> set_namespace_place(const Store& store, RegionRecord& space, std::uint64_t start, std::uint64_t size) {
  const RegionRecord& region = region_of_namespace(store, space);
  if (is_in_use(store, space)) {
    return because(EBUSY, Reason::nd_space_in_use);
  }
  if (size % region.nd.align != 0 || start % region.nd.align != 0) {
    return because(EINVAL, {.reason = Reason::nd_size_misaligned, .a = size, .b = region.nd.align >> 10U});
  }
  if (size > region.size || !is_free(store, region, start, size)) {
    return because(ENOSPC, {.reason = Reason::nd_no_space, .a = size});
  }
  dax::nd::place_namespace(store, space, start, size);
  return update_labels(store, space);
}

Result<void> set_namespace_uuid(const Store& store, RegionRecord& space, const store::Uuid& uuid) {
  const std::span<RegionRecord> all = store.regions();
  if (dax::nd::is_disk(space) || dax::nd::holder_of_namespace(store, space) != nullptr) {
    return because(EBUSY, Reason::nd_space_in_use);
  }
  if (std::any_of(all.begin(), all.end(), [&](const RegionRecord& other) { // nd_is_uuid_unique()
        return other.used.load() != 0 && other.nd.parent != 0 && other.nd.has_uuid != 0 && other.nd.uuid == uuid;
      })) {
    return because(EINVAL, Reason::nd_uuid_taken);
  }
  const RegionRecord& region = region_of_namespace(store, space);
  if (space.nd.has_uuid != 0) {
    const bool labels = std::any_of(all.begin(), all.end(), [&](const RegionRecord& other) {
      return dax::nd::is_namespace_of(store, region, other) && other.size > 0;
    });
    if (!labels) {
      return because(EBUSY, Reason::nd_space_in_use); // namespace_update_uuid()
    }
  }
  const store::Uuid old = space.nd.uuid;
  const bool had = space.nd.has_uuid != 0;
  space.nd.uuid = uuid;
  space.nd.has_uuid = 1;
  auto updated = update_labels(store, space);
  return updated && had && space.size > 0 ? drop_namespace_labels(store, space, old) : updated;
}

Result<void> set_namespace_name(const Store& store, RegionRecord& space, std::string_view name) {
  if (is_in_use(store, space)) {
    return because(EBUSY, Reason::nd_space_in_use);
  }
  constexpr std::size_t kLongest = 63; // NSLABEL_NAME_LEN, with its end
  if (name.size() > kLongest) {
    return fail(EINVAL);
  }
  space.nd.alt_name.assign(name);
  return update_labels(store, space);
}

Result<void> set_namespace_sector(const Store& store, RegionRecord& space, std::uint64_t bytes) {
  if (is_in_use(store, space)) {
    return because(EBUSY, Reason::nd_space_in_use);
  }
  if (bytes != 512 && bytes != 4096) { // pmem_lbasize_supported
    return fail(EINVAL);
  }
  space.nd.sector_size = bytes;
  return update_labels(store, space);
}

Result<void> set_namespace_class(const Store& store, RegionRecord& space, store::NdKind kind) {
  const auto meant = kind == store::NdKind::btt && !is_in_use(store, space) ? btt_class(store, space) : kind;
  if (auto set = meant ? dax::nd::set_holder_class(store, space, *meant) : tl::unexpected(meant.error()); !set) {
    return set;
  }
  if (space.nd.parent == 0) { // nd_namespace_label_update() of an nd_namespace_io; the class is its class all the same
    return trace::because(ENXIO, trace::Reason::nd_class_without_labels);
  }
  return update_labels(store, space);
}

} // namespace daxemu::nd
