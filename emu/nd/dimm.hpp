// nmemN: a DIMM of an nd bus, a CXL memdev's or one of the firmware's table of DIMMs. The caller holds a Change where
// it changes one.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"
#include "emu/nd/labels/label_area.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// One of the two, or neither: no DIMM.
struct Dimm {
  store::CxlMemdevRecord* memdev = nullptr;
  store::NfitDimmRecord* nfit = nullptr;

  [[nodiscard]] bool is_there() const { return memdev != nullptr ? memdev->dimm != 0 : nfit != nullptr; }
  [[nodiscard]] std::uint32_t number() const { return memdev != nullptr ? memdev->dimm - 1 : nfit->id; }
  [[nodiscard]] std::uint32_t& unbound() const { return memdev != nullptr ? memdev->dimm_unbound : nfit->unbound; }
  [[nodiscard]] bool is_bound() const { return is_there() && unbound() == 0; } // nvdimm has it
  [[nodiscard]] LabelArea labels() const {
    return memdev != nullptr ? label_area_of(*memdev) : LabelArea{nfit->labels_slot, nfit->label_size};
  }
  [[nodiscard]] bool operator==(const Dimm&) const = default;
};

[[nodiscard]] inline bool has_nfit(const store::Store& store) {
  return store.platform().nfit.dimms != 0;
}

// What a Scope or a node says of one: a memdev's reference in its table, or one that no memdev has.
[[nodiscard]] std::uint32_t reference_of(const store::Store& store, const Dimm& dimm);
[[nodiscard]] Dimm dimm_at(const store::Store& store, std::uint32_t reference);

// Of the firmware's table, in its order, until told to stop.
void each_nfit_dimm(const store::Store& store, FunctionRef<bool(const Dimm&)> each);
// The lowest number that no DIMM has, `but` left aside (dimm_ida).
[[nodiscard]] std::uint32_t free_dimm_number(const store::Store& store, const Dimm& but);

// Has a region that is bound it? Then nobody writes to its labels (nvdimm_busy).
[[nodiscard]] bool is_busy(const store::Store& store, const Dimm& dimm);

} // namespace daxemu::nd
