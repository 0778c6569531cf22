#include "emu/nd/nfit/nfit.hpp"

#include <algorithm>
#include <span>

#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/nd/nfit/health.hpp"
#include "emu/nd/region.hpp"

namespace daxemu::nd {
namespace {

Result<void> add_dimm(const store::Store& store, const NfitDimmSpec& spec) {
  store::NfitRecord& nfit = store.platform().nfit;
  const std::uint32_t number = nfit.dimms;
  bool taken = false;
  each_nfit_dimm(store, [&](const Dimm& other) { return !(taken = taken || (spec.id && other.number() == *spec.id)); });
  const std::uint32_t handle = spec.handle.value_or(nfit_handle(number));
  // Two of one handle are one DIMM to the kernel (__nfit_mem_init() in drivers/acpi/nfit/core.c).
  const std::span earlier = std::span(nfit.dimm).first(number);
  taken = taken || std::ranges::any_of(earlier, [&](const auto& other) { return other.handle == handle; });
  if (taken) {
    return fail(EEXIST);
  }
  const DimmIdentity identity = spec.identity.value_or(mock_identity(handle));
  store::NfitDimmRecord& record = nfit.dimm[number];
  record = {.id = spec.id ? *spec.id : static_cast<std::uint16_t>(free_dimm_number(store, {})),
            .physical_id = spec.physical_id.value_or(static_cast<std::uint16_t>(number)),
            .vendor = identity.vendor,
            .date_made = identity.date_made,
            .handle = handle,
            .serial = identity.serial,
            .labels_slot = spec.labels_slot,
            .label_size = spec.label_size,
            .place_made = identity.place_made,
            .health = {}};
  reset_health(record.health);
  nfit.dimms = number + 1;
  return init_labels(store, Dimm{nullptr, &record}.labels(), spec.labels);
}

} // namespace

Result<void> add_nfit_region(const store::Store& store, store::RegionRecord& region, const NfitRegionSpec& spec) {
  store::NfitRecord& nfit = store.platform().nfit;
  if (nfit.dimms + spec.dimms.size() > nfit.dimm.size()) {
    return fail(ENOSPC);
  }
  const auto count = static_cast<std::uint32_t>(spec.dimms.size());
  region.kind = store::RegionKind::pmem;
  region.size = spec.size;
  region.align = kPmdSize;
  region.nd = {};
  region.nd.labelled = 1;
  region.nd.unbound = 1;
  region.nd.align = spec.align != 0 ? spec.align : default_align(spec.size, count);
  region.nd.first_dimm = nfit.dimms + 1;
  region.nd.dimms = count;
  region.nd.media_slot = spec.media_slot;
  for (const NfitDimmSpec& dimm : spec.dimms) {
    if (auto added = add_dimm(store, dimm); !added) {
      return added;
    }
  }
  return bind_region(store, region);
}

} // namespace daxemu::nd
