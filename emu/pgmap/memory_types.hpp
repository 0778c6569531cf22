// The named memory types (enum memory_type in include/linux/memremap.h) as sets of behaviours, each as each kernel of
// the profiles has it.
#pragma once

#include <span>
#include <string_view>

#include "emu/base/profile.hpp"
#include "emu/pgmap/behaviour.hpp"

namespace daxemu::pgmap {

struct MemoryType {
  const char* name;      // "FS_DAX_6_12"
  std::string_view base; // "FS_DAX", which means this one under that kernel's profile
  KernelId kernel;
  Behaviours set;
  const char* note;
};
// GENERIC, FS_DAX, PRIVATE, COHERENT and PCI_P2PDMA of 6.1, 6.12 and 7.3.
[[nodiscard]] std::span<const MemoryType> memory_types();

// "FS_DAX": as the profile's kernel has it, "FS_DAX_6_12": as that kernel does, whatever the profile. GENERIC is the
// profile's device_dax_type. "GENERIC+wait_for_folios-compound": with one behaviour more and one less. Errors (Problem,
// EINVAL): lists the known names.
[[nodiscard]] Outcome<Behaviours> preset(std::string_view name, const Profile& profile);

// The set of a device whose record says `bits`: 0 stands for the profile's device-dax.
[[nodiscard]] Behaviours behaviours_of_record(std::uint32_t bits, const Profile& profile);

} // namespace daxemu::pgmap
