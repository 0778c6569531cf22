#include "emu/nd/nfit/nfit.hpp"

#include <algorithm>

#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/nd/nfit/health.hpp"
#include "emu/nd/region.hpp"

namespace daxemu::nd {

Result<void> add_nfit_region(const store::Store& store, store::RegionRecord& region, const NfitRegionSpec& spec) {
  store::NfitRecord& nfit = store.platform().nfit;
  if (nfit.dimms + spec.label_slots.size() > nfit.dimm.size()) {
    return fail(ENOSPC);
  }
  const auto count = static_cast<std::uint32_t>(spec.label_slots.size());
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
  for (const std::uint32_t slot : spec.label_slots) {
    const std::uint32_t number = nfit.dimms;
    store::NfitDimmRecord& record = nfit.dimm[number];
    record = {.used = 1,
              .id = free_dimm_number(store, {}),
              .handle = nfit_handle(number),
              .serial = ~nfit_handle(number),
              .labels_slot = slot,
              .label_size = kNfitLabelSize,
              .health = {}};
    reset_health(record.health);
    nfit.dimms = number + 1;
    if (auto made = init_labels(store, Dimm{nullptr, &record}.labels()); !made) {
      return made;
    }
  }
  return bind_region(store, region);
}

Result<void> make_devdax(const store::Store& store, store::RegionRecord& region, std::uint64_t size,
                         std::uint64_t align) {
  const std::uint32_t reference = region.nd.namespace_seed;
  if (reference == 0 || reference > store.regions().size()) {
    return fail(ENOSPC);
  }
  store::RegionRecord& space = store.regions()[reference - 1];
  const std::uint32_t seed = region.nd.seeds[static_cast<std::size_t>(store::NdKind::dax)];
  if (seed == 0 || seed > region.nd.holders.size()) {
    return fail(ENOSPC);
  }
  store::NdHolderRecord& holder = region.nd.holders[seed - 1];
  Result<void> done = set_namespace_uuid(store, space, dax::nd::new_uuid(store, space));
  done = done ? set_namespace_size(store, space, size) : done;
  done = done ? set_namespace_class(store, space, store::NdKind::dax) : done;
  done = done ? dax::nd::set_unit(holder, align) : done;
  done = done ? dax::nd::set_pages(holder, store::NdPages::ram) : done;
  done = done ? dax::nd::set_uuid(holder, space.nd.uuid) : done;
  done = done ? dax::nd::attach(store, space, holder) : done;
  return done ? bind_holder(store, region, holder) : done;
}

} // namespace daxemu::nd
