// The fields of a mapping of a device in smaps (__show_smap in fs/proc/task_mmu.c), as the kernel that is mirrored
// counts them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "emu/base/profile.hpp"
#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "runtime/preload/procfs/proc_text.hpp"

namespace daxemu::preload {

struct SmapsField {
  std::string_view name; // without its colon
  std::uint64_t kilobytes = 0;
};
inline constexpr std::size_t kSmapsFields = 22;
inline constexpr std::string_view kKsm = "KSM"; // where the kernel has it

// Bytes of `vma` that smaps calls resident: whole extents that are present, of the sizes that kernel sees.
[[nodiscard]] inline std::uint64_t resident_in_smaps(const fault::AddressSpace& space, const fault::Vma& vma) {
  const Profile& profile = space.profile();
  const bool seen = (profile.resident_in_smaps & vma.view->align()) != 0 &&
                    (vma.prot != 0 || profile.smaps_counts_without_rights || vma.view->align() == kPageSize);
  return seen ? space.present_bytes(vma) : 0;
}

// In the order they are printed.
[[nodiscard]] inline std::array<SmapsField, kSmapsFields> smaps_fields(const fault::AddressSpace& space,
                                                                       const fault::Vma& vma) {
  const std::uint64_t page = vma.view->align() >> 10;
  const std::uint64_t counted = resident_in_smaps(space, vma) >> 10;
  return {{{"Size", (vma.end - vma.start) >> 10},
           {"KernelPageSize", page},
           {"MMUPageSize", page},
           {"Rss", counted},
           {"Pss", counted},
           {"Pss_Dirty", counted},
           {"Shared_Clean"},
           {"Shared_Dirty"},
           {"Private_Clean"},
           {"Private_Dirty", counted},
           {"Referenced", counted},
           {"Anonymous"},
           {kKsm},
           {"LazyFree"},
           {"AnonHugePages"},
           {"ShmemPmdMapped"},
           {"FilePmdMapped"},
           {"Shared_Hugetlb"},
           {"Private_Hugetlb"},
           {"Swap"},
           {"SwapPss"},
           {"Locked"}}};
}

// "Rss:                2048 kB"
inline void put_smaps_field(const SmapsField& field, LineText& line) {
  constexpr std::size_t kNumberColumn = 16;
  constexpr std::size_t kNumberWidth = 8;
  line.put(field.name).put(":").blanks_to(kNumberColumn).decimal(field.kilobytes, kNumberWidth).put(" kB\n");
}

} // namespace daxemu::preload
