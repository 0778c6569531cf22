#include "emu/nd/dimm.hpp"

#include <algorithm>

#include "emu/nd/region.hpp"

namespace daxemu::nd {
namespace {

constexpr std::uint32_t kNfitDimm = 1U << 16U; // of a reference: above those of memdevs
static_assert(kNfitDimm > store::kMaxCxlMemdevs);

std::uint32_t nfit_dimms(const store::Store& store) {
  return std::min<std::uint32_t>(store.platform().nfit.dimms, store::kMaxNfitDimms);
}

} // namespace

std::uint32_t reference_of(const store::Store& store, const Dimm& dimm) {
  return dimm.memdev != nullptr
             ? static_cast<std::uint32_t>(dimm.memdev - store.cxl().state.memdevs.data()) + 1
             : (kNfitDimm | (static_cast<std::uint32_t>(dimm.nfit - store.platform().nfit.dimm.data()) + 1));
}

Dimm dimm_at(const store::Store& store, std::uint32_t reference) {
  const std::uint32_t number = reference & ~kNfitDimm;
  if ((reference & kNfitDimm) != 0) {
    return number == 0 || number > nfit_dimms(store) ? Dimm{} : Dimm{nullptr, &store.platform().nfit.dimm[number - 1]};
  }
  store::CxlState& state = store.cxl().state;
  return number == 0 || number > state.memdevs.size() ? Dimm{} : Dimm{&state.memdevs[number - 1], nullptr};
}

void each_nfit_dimm(const store::Store& store, FunctionRef<bool(const Dimm&)> each) {
  for (std::uint32_t at = 0; at < nfit_dimms(store); ++at) {
    if (!each(Dimm{nullptr, &store.platform().nfit.dimm[at]})) {
      return;
    }
  }
}

std::uint32_t free_dimm_number(const store::Store& store, const Dimm& but) {
  const auto is_taken = [&](std::uint32_t number) {
    const auto has = [&](const Dimm& dimm) { return dimm.is_there() && dimm.number() == number && !(dimm == but); };
    bool taken = false;
    each_nfit_dimm(store, [&](const Dimm& dimm) { return !(taken = taken || has(dimm)); });
    return taken || std::ranges::any_of(store.cxl().state.memdevs, [&](store::CxlMemdevRecord& memdev) {
             return memdev.used != 0 && has(Dimm{&memdev, nullptr});
           });
  };
  std::uint32_t number = 0;
  while (is_taken(number)) {
    ++number;
  }
  return number;
}

bool is_busy(const store::Store& store, const Dimm& dimm) {
  return std::ranges::any_of(store.regions(), [&](const store::RegionRecord& region) {
    if (region.used.load(std::memory_order_acquire) == 0 || region.nd.labelled == 0 || region.nd.unbound != 0) {
      return false;
    }
    bool is_its = false;
    for (std::uint32_t at = 0; at < mappings_of(store, region); ++at) {
      is_its = is_its || mapping_of(store, region, at).dimm == dimm;
    }
    return is_its;
  });
}

} // namespace daxemu::nd
