// Small questions that the parts of ProcessMm ask of a mapping's device.
#pragma once

#include <sys/mman.h>

#include "emu/gup/address_space_view.hpp"
#include "emu/pgmap/pgmap.hpp"

namespace daxemu::api {

[[nodiscard]] inline void* pointer(std::uint64_t address) {
  return reinterpret_cast<void*>(address);
}

[[nodiscard]] inline std::uint32_t rights_of(int prot) {
  std::uint32_t rights = gup::kVmMayRead | gup::kVmMayWrite | gup::kVmShared;
  rights |= (prot & PROT_READ) != 0 ? std::uint32_t{gup::kVmRead} : 0;
  rights |= (prot & PROT_WRITE) != 0 ? std::uint32_t{gup::kVmWrite} : 0;
  return rights;
}

[[nodiscard]] inline bool has(const mm::DevicePages& device, pgmap::Behaviour one) {
  return device.pgmap != nullptr && device.pgmap->has(one);
}
[[nodiscard]] inline bool is_live(const mm::DevicePages& device) {
  return device.pgmap == nullptr || device.pgmap->is_live();
}
// Memory whose driver hands out its pages: an entry holds one of a page's references.
[[nodiscard]] inline bool is_handed_out(const mm::Folio& folio) {
  return (folio.record().flags.load() & mm::kFolioAllocated) != 0;
}

} // namespace daxemu::api
