#include "emu/pgmap/memory_types.hpp"

#include "emu/base/program/later_relocations.hpp"

namespace daxemu::pgmap {
namespace {

using enum Behaviour;
using enum KernelId;

// Device-dax. Unbinding waits for no reference in any of them (memunmap_pages counts the pages, not their users); asked
// of 6.1: it returns at once while a pipe holds a page, and the kernel panics when the pipe is closed (free_pipe_info).
// What the panic was has been mended.
constexpr Behaviours kGeneric = {file_mapping, compound, count_from_one, direct_map, generic_failure};
constexpr Behaviours kGeneric6_12 = kGeneric.with(devmap_entries);
constexpr Behaviours kGeneric6_1 = kGeneric6_12.with(deny_fixed_buffers);
constexpr Behaviours kGeneric7_3 = kGeneric.with(entry_references).with(longterm_write_slow);

// Files of a DAX file system, on a device that the file system holds (fs_dax_get_by_bdev). References do not keep it
// from being unbound either.
constexpr Behaviours kFsDax = {deny_longterm, wake_on_idle, file_mapping, direct_map, generic_failure, holder};
constexpr Behaviours kFsDax6_12 = kFsDax.with(devmap_entries).with(count_from_one).with(pre_remove_notice);
constexpr Behaviours kFsDax6_1 = kFsDax6_12.without(pre_remove_notice).with(deny_fixed_buffers);
constexpr Behaviours kFsDax7_3 =
    kFsDax.with(deny_longterm_fast).with(entry_references).with(longterm_write_slow).with(pre_remove_notice);

constexpr Behaviours kPrivate7_3 = {device_swap_entries, free_hook_on_idle, wait_for_folios};
constexpr Behaviours kPrivate6_1 = kPrivate7_3.with(page_free_hook);

constexpr Behaviours kCoherent7_3 = {deny_longterm_fast, migrate_before_longterm, free_hook_on_idle, direct_map,
                                     wait_for_folios};
constexpr Behaviours kCoherent6_1 = kCoherent7_3.with(page_free_hook);

constexpr Behaviours kP2pdma = {peer_to_peer, free_hook_on_idle, direct_map, wait_for_folios, generic_failure};
constexpr Behaviours kP2pdma6_1 = kP2pdma.with(count_from_one).with(page_free_hook);
constexpr Behaviours kP2pdma7_3 = kP2pdma.with(entry_references);

DAXEMU_LATER_TABLE constexpr MemoryType kTypes[] = {
    {"GENERIC_6_1", "GENERIC", linux_6_1, kGeneric6_1,
     "device-dax of 6.1: gup-fast leaves every long-term pin to the slow path, io_uring registers none of it"},
    {"GENERIC_6_12", "GENERIC", linux_6_12, kGeneric6_12, "device-dax of 6.12: as in 6.1, but io_uring registers it"},
    {"GENERIC_7_3", "GENERIC", linux_7_3, kGeneric7_3,
     "device-dax of 7.3: ordinary entries that hold references; gup-fast takes long-term pins for reading"},
    {"FS_DAX_6_1", "FS_DAX", linux_6_1, kFsDax6_1, "files of a DAX file system in 6.1: idle at 1, devmap entries"},
    {"FS_DAX_6_12", "FS_DAX", linux_6_12, kFsDax6_12,
     "files of a DAX file system in 6.12: as in 6.1, but the holder is told of a removal as such"},
    {"FS_DAX_7_3", "FS_DAX", linux_7_3, kFsDax7_3,
     "files of a DAX file system in 7.3: counted like any other file's (idle at 0), known to gup-fast by the folio"},
    {"PRIVATE_6_1", "PRIVATE", linux_6_1, kPrivate6_1, "memory the CPU cannot reach (MEMORY_DEVICE_PRIVATE)"},
    {"PRIVATE_6_12", "PRIVATE", linux_6_12, kPrivate6_1, "the same"},
    {"PRIVATE_7_3", "PRIVATE", linux_7_3, kPrivate7_3, "the same, with folio_free"},
    {"COHERENT_6_1", "COHERENT", linux_6_1, kCoherent6_1,
     "memory of an accelerator that the CPU can reach (MEMORY_DEVICE_COHERENT)"},
    {"COHERENT_6_12", "COHERENT", linux_6_12, kCoherent6_1, "the same"},
    {"COHERENT_7_3", "COHERENT", linux_7_3, kCoherent7_3, "the same, with folio_free"},
    // 6.1 lets no program map it; p2pmem_alloc_mmap (drivers/pci/p2pdma.c) is of 6.2, as is what gup says of it.
    {"PCI_P2PDMA_6_1", "PCI_P2PDMA", linux_6_1, kP2pdma6_1,
     "a PCI BAR given to other devices (MEMORY_DEVICE_PCI_P2PDMA)"},
    {"PCI_P2PDMA_6_12", "PCI_P2PDMA", linux_6_12, kP2pdma6_1, "the same"},
    {"PCI_P2PDMA_7_3", "PCI_P2PDMA", linux_7_3, kP2pdma7_3, "the same, idle at 0, with folio_free"},
};

constexpr std::string_view kDeviceDax = "GENERIC";
constexpr std::string_view kSigns = "+-";

Outcome<Behaviours> named_type(std::string_view name, const Profile& profile) {
  const std::string_view wanted = name == kDeviceDax ? profile.device_dax_type : name;
  std::string bases;
  std::string known;
  for (const MemoryType& one : memory_types()) {
    if (wanted == one.name || (wanted == one.base && one.kernel == profile.id)) {
      return one.set;
    }
    if (one.kernel == profile.id) {
      bases += (bases.empty() ? "" : ", ") + std::string(one.base);
    }
    if (one.base == kDeviceDax) {
      known += (known.empty() ? "" : ", ") + std::string(one.name);
    }
  }
  return refuse(EINVAL, "memory type '" + std::string(name) + "' is not known",
                "use one of: " + bases + "; or, as one kernel has it, " + known + " and so on");
}

Outcome<Behaviour> named_behaviour(std::string_view name) {
  for (const BehaviourInfo& info : behaviour_table()) {
    if (name == info.name) {
      return info.behaviour;
    }
  }
  return refuse(EINVAL, "behaviour '" + std::string(name) + "' is not known",
                "use one of: " + to_string(Behaviours::of_bits((1U << kBehaviours) - 1)));
}

} // namespace

std::span<const MemoryType> memory_types() {
  tables_ready();
  return kTypes;
}

Outcome<Behaviours> preset(std::string_view name, const Profile& profile) {
  std::size_t sign = name.find_first_of(kSigns);
  auto set = named_type(name.substr(0, sign), profile);
  while (set && sign != std::string_view::npos) {
    const std::size_t end = name.find_first_of(kSigns, sign + 1);
    const auto flag = named_behaviour(name.substr(sign + 1, end - sign - 1));
    if (!flag) {
      return tl::unexpected(flag.error());
    }
    set = name[sign] == '+' ? set->with(*flag) : set->without(*flag);
    sign = end;
  }
  return set;
}

Behaviours behaviours_of_record(std::uint32_t bits, const Profile& profile) {
  return bits != 0 ? Behaviours::of_bits(bits) : *preset(kDeviceDax, profile);
}

} // namespace daxemu::pgmap
