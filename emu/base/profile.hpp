// Which kernel's device-dax is mirrored: a set of named behaviours, of which the model asks one where kernels differ.
// Nothing else compares versions. Each has its answers in tests/conformance/golden, in the folder of its name. A
// further kernel is another entry here.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include "emu/base/result.hpp"
#include "emu/base/units.hpp"

namespace daxemu {

// Platform devices of soft-reserved memory: since 6.3 one, hmem_platform.0, finds the others.
enum class HmemPlace : std::uint8_t { alone, beside_hmem_platform, below_hmem_platform };

// The lines of soft-reserved memory in /proc/iomem: below that of hmem.N, by themselves, or none.
enum class SoftReserved : std::uint8_t { below_hmem, alone, absent };

// Its place in kProfiles, which a platform's store keeps.
enum class KernelId : std::uint32_t { linux_6_1, linux_6_12, linux_7_3 };

struct Profile {
  KernelId id;
  std::string_view version; // "6.1", as --kernel takes it
  std::string_view name;    // "linux-6.1", of its goldens
  unsigned major;
  unsigned minor;
  std::string_view device_dax_type; // its device-dax among the named memory types (pgmap::preset)

  // What mmap(2) with MAP_FIXED and remap_file_pages(2) say where they would cut an extent of what is mapped there: in
  // 6.1 mmap_region() had one word for whatever keeps the old mapping from going, later dev_dax_split()'s own comes
  // out.
  int cut_by_mmap;
  // MADV_POPULATE_READ and _WRITE end at the first hole, and populate nothing behind it: madvise_populate() is called
  // without madvise_walk_vmas(), which goes on (do_madvise).
  bool populate_ends_at_hole;
  // mremap(2) looks at all its parameters before it looks at any mapping (check_mremap_params), and at the mapping
  // before it unmaps anything (check_prep_vma): a refused call leaves the target as it was. Before, mremap_to() had
  // unmapped it by the time vma_to_resize() looked.
  bool mremap_checks_first;
  // mremap(2) to another place moves what the range has of several mappings, holes between them too (remap_move); a
  // mapping of device-dax only by itself (vma_multi_allowed: it has a get_unmapped_area).
  bool mremap_moves_several;
  // mprotect(2) changes an entry of 1G (change_pud_range with change_huge_pud); in 6.1 it takes it for a bad table and
  // clears it.
  bool mprotect_keeps_1G;
  // F_OFD_GETLK with F_UNLCK tells which locks the open file itself has (fcntl_getlk); in 6.1 it is EINVAL.
  bool ofd_getlk_tells_own;
  bool has_cachestat;     // cachestat(2), since 6.5
  bool names_file_system; // FS_IOC_GETFSUUID, of any file whose file system has a UUID, as devtmpfs has (since 6.9)
  // fallocate(2) does one thing at a time, and what is beside it is EOPNOTSUPP (vfs_fallocate, since 6.12); in 6.1 some
  // of it was EINVAL.
  bool fallocate_has_one_mode;
  bool fallocate_writes_zeroes; // FALLOC_FL_WRITE_ZEROES is one of them (7.3 has it, 6.12 not)
  bool advice_begins_in_file;   // posix_fadvise(2) and readahead(2) of what begins before the file are EINVAL
  bool has_mseal; // mseal(2), since 6.10: a sealed mapping is neither unmapped nor moved, nor is its protection changed
  // MAP_STACK is VM_NOHUGEPAGE (calc_vm_flag_bits, since 6.7): a mapping that has it finds no extent of 2M or 1G.
  bool stack_without_huge_pages;
  // What a device's `mapping` says to a range that its alignment does not allow, 0-0 among them: mapping_store() begins
  // with -ENXIO in 6.1, and with what taking its lock said (0) since 6.8. It takes no range either way.
  int odd_mapping_range;
  // Soft-reserved memory (hmem, CXL) belongs to kmem, which takes what has a NUMA node; device_dax takes of it what
  // new_id names (dax_match_type, since 6.3).
  bool kmem_by_default;
  // What becomes of new memory blocks unless somebody says otherwise (CONFIG_MHP_DEFAULT_ONLINE_TYPE of Debian's
  // kernels).
  bool onlines_new_memory;
  // The kernel has put things of its own into the first block of a node that it onlined for itself: that block does not
  // go offline again (guest).
  bool first_kernel_block_stays;
  bool has_memmap_on_memory; // the attribute of a device (6.8)
  bool has_kmem_state;       // `state` of a device while kmem has it (state_store in drivers/dax/kmem.c)
  bool has_fsdev;            // the driver fsdev_dax (drivers/dax/fsdev.c)
  // New memory is heard of after its node (add_memory_resource in mm/memory_hotplug.c); before, the node followed.
  bool node_comes_before_blocks;
  bool node_counts_failures; // memory_failure of a NUMA node (memory_failure_attr_group in drivers/base/node.c)
  bool node_reclaims;        // `reclaim` of a NUMA node (reclaim_register_node in mm/vmscan.c)
  // Where dax_hmem's devices hmem.N are.
  HmemPlace hmem_place;
  SoftReserved soft_reserved; // in /proc/iomem
  bool modules_say_imports;   // /sys/module/*/import_ns
  bool smaps_has_ksm;         // a line of its own, and THPeligible in a column of eight (6.12)
  // Extents of which sizes (bytes, joined by |) smaps calls resident: 6.1 sees entries of 2M (smaps_pmd_entry), 6.12
  // none of a device (vm_normal_page_pmd), 7.3 maps folios as any file's, of which smaps walks no 1G.
  std::uint64_t resident_in_smaps;
  // Of an entry without any right too: 6.1 takes it for one of NUMA balancing (follow_trans_huge_pmd).
  bool smaps_counts_without_rights;
  // process_madvise(2) of one's own memory takes any advice (since 6.13); of others', some
  // (process_madvise_remote_valid).
  bool takes_any_own_advice;
  // mincore(2) sees an entry of 1G; before, walk_pud_range() split it, so that the next touch faulted again.
  bool mincore_sees_1G;
  bool counts_resident_files; // in VmRSS and RssFile (add_mm_counter in insert_pmd, mm/huge_memory.c)
  // Attributes that are a yes or a no take words of "enable" and "disable" too: kstrtobool() looks at the first letter
  // (guest).
  bool bool_takes_enable;
  // A CXL port has the dports that memdevs below it have asked for (cxl_port_add_dport in drivers/cxl/port.c), and its
  // decoders since the first; before, all that are connected (devm_cxl_port_enumerate_dports). What has no recording
  // of its own, as 6.1 of a CXL bus, does as 6.12.
  bool cxl_dports_follow_memdevs;
  // Of CXL: `interleave_ways` of a region is read as an int (set_interleave_ways), before as an unsigned one.
  bool cxl_ways_are_signed;
  bool dax_regions_probe_later;     // dax_cxl is PROBE_PREFER_ASYNCHRONOUS: after cxl_region is bound
  bool cxl_regions_take_poison;     // inject_poison and clear_poison of a region, in debugfs
  bool cxl_region_says_locked;      // `locked` of a region (CXL_REGION_F_LOCK)
  bool cxl_modules_need_each_other; // cxl_pci uses cxl_mem, cxl_acpi uses cxl_pmem
  // What the firmware can wake up has wakeup/ below its node of the firmware's tree, and power/ there; later below the
  // device itself.
  bool firmware_nodes_wake;
  // aer/, doe_features/ and serial_number of PCI functions, available_secure_streams of host bridges, pcie_bwctrl.
  bool pci_says_more;
  // A lease (F_SETLEASE) is for file systems that offer it, which that of /sys does not (guest).
  bool sysfs_refuses_leases;
  // What an endpoint decoder without mode says: as a target (cxl_region_attach), and to dpa_size (cxl_dpa_alloc); and
  // what one says to a mode of which its memdev has no memory (cxl_dpa_set_mode; 7.3: cxl_dpa_set_part).
  int cxl_target_without_mode;
  int cxl_dpa_without_mode;
  int cxl_mode_without_memory;
};

inline constexpr std::array kProfiles = {
    Profile{.id = KernelId::linux_6_1,
            .version = "6.1",
            .name = "linux-6.1",
            .major = 6,
            .minor = 1,
            .device_dax_type = "GENERIC_6_1",
            .cut_by_mmap = ENOMEM,
            .populate_ends_at_hole = false,
            .mremap_checks_first = false,
            .mremap_moves_several = false,
            .mprotect_keeps_1G = false,
            .ofd_getlk_tells_own = false,
            .has_cachestat = false,
            .names_file_system = false,
            .fallocate_has_one_mode = false,
            .fallocate_writes_zeroes = false,
            .advice_begins_in_file = false,
            .has_mseal = false,
            .stack_without_huge_pages = false,
            .odd_mapping_range = ENXIO,
            .kmem_by_default = false,
            .onlines_new_memory = false,
            .first_kernel_block_stays = false,
            .has_memmap_on_memory = false,
            .has_kmem_state = false,
            .has_fsdev = false,
            .node_comes_before_blocks = false,
            .node_counts_failures = false,
            .node_reclaims = false,
            .hmem_place = HmemPlace::alone,
            .soft_reserved = SoftReserved::below_hmem,
            .modules_say_imports = false,
            .smaps_has_ksm = false,
            .resident_in_smaps = kPmdSize,
            .smaps_counts_without_rights = false,
            .takes_any_own_advice = false,
            .mincore_sees_1G = false,
            .counts_resident_files = false,
            .bool_takes_enable = false,
            .cxl_dports_follow_memdevs = false,
            .cxl_ways_are_signed = false,
            .dax_regions_probe_later = false,
            .cxl_regions_take_poison = false,
            .cxl_region_says_locked = false,
            .cxl_modules_need_each_other = false,
            .firmware_nodes_wake = true,
            .pci_says_more = false,
            .sysfs_refuses_leases = false,
            .cxl_target_without_mode = EINVAL,
            .cxl_dpa_without_mode = EINVAL,
            .cxl_mode_without_memory = ENXIO},
    Profile{.id = KernelId::linux_6_12,
            .version = "6.12",
            .name = "linux-6.12",
            .major = 6,
            .minor = 12,
            .device_dax_type = "GENERIC_6_12",
            .cut_by_mmap = EINVAL,
            .populate_ends_at_hole = true,
            .mremap_checks_first = false,
            .mremap_moves_several = false,
            .mprotect_keeps_1G = true,
            .ofd_getlk_tells_own = true,
            .has_cachestat = true,
            .names_file_system = true,
            .fallocate_has_one_mode = true,
            .fallocate_writes_zeroes = false,
            .advice_begins_in_file = false,
            .has_mseal = true,
            .stack_without_huge_pages = true,
            .odd_mapping_range = 0,
            .kmem_by_default = true,
            .onlines_new_memory = true,
            .first_kernel_block_stays = false,
            .has_memmap_on_memory = true,
            .has_kmem_state = false,
            .has_fsdev = false,
            .node_comes_before_blocks = false,
            .node_counts_failures = true,
            .node_reclaims = false,
            .hmem_place = HmemPlace::beside_hmem_platform,
            .soft_reserved = SoftReserved::alone,
            .modules_say_imports = false,
            .smaps_has_ksm = true,
            .resident_in_smaps = 0,
            .smaps_counts_without_rights = true,
            .takes_any_own_advice = false,
            .mincore_sees_1G = false,
            .counts_resident_files = false,
            .bool_takes_enable = false,
            .cxl_dports_follow_memdevs = false,
            .cxl_ways_are_signed = false,
            .dax_regions_probe_later = false,
            .cxl_regions_take_poison = false,
            .cxl_region_says_locked = false,
            .cxl_modules_need_each_other = false,
            .firmware_nodes_wake = true,
            .pci_says_more = false,
            .sysfs_refuses_leases = false,
            .cxl_target_without_mode = EINVAL,
            .cxl_dpa_without_mode = EINVAL,
            .cxl_mode_without_memory = ENXIO},
    Profile{.id = KernelId::linux_7_3,
            .version = "7.3",
            .name = "linux-7.3",
            .major = 7,
            .minor = 3,
            .device_dax_type = "GENERIC_7_3",
            .cut_by_mmap = EINVAL,
            .populate_ends_at_hole = true,
            .mremap_checks_first = true,
            .mremap_moves_several = true,
            .mprotect_keeps_1G = true,
            .ofd_getlk_tells_own = true,
            .has_cachestat = true,
            .names_file_system = true,
            .fallocate_has_one_mode = true,
            .fallocate_writes_zeroes = true,
            .advice_begins_in_file = true,
            .has_mseal = true,
            .stack_without_huge_pages = true,
            .odd_mapping_range = 0,
            .kmem_by_default = true,
            .onlines_new_memory = true,
            .first_kernel_block_stays = true,
            .has_memmap_on_memory = true,
            .has_kmem_state = true,
            .has_fsdev = true,
            .node_comes_before_blocks = true,
            .node_counts_failures = true,
            .node_reclaims = true,
            .hmem_place = HmemPlace::below_hmem_platform,
            .soft_reserved = SoftReserved::absent,
            .modules_say_imports = true,
            .smaps_has_ksm = true,
            .resident_in_smaps = kPageSize | kPmdSize,
            .smaps_counts_without_rights = true,
            .takes_any_own_advice = true,
            .mincore_sees_1G = true,
            .counts_resident_files = true,
            .bool_takes_enable = true,
            .cxl_dports_follow_memdevs = true,
            .cxl_ways_are_signed = true,
            .dax_regions_probe_later = true,
            .cxl_regions_take_poison = true,
            .cxl_region_says_locked = true,
            .cxl_modules_need_each_other = true,
            .firmware_nodes_wake = false,
            .pci_says_more = true,
            .sysfs_refuses_leases = true,
            .cxl_target_without_mode = ENODEV,
            .cxl_dpa_without_mode = EBUSY,
            .cxl_mode_without_memory = EINVAL},
};

// Where nobody says another.
inline constexpr const Profile& kDefaultProfile = kProfiles[1];

[[nodiscard]] constexpr const Profile& profile_of(KernelId id) {
  return kProfiles.at(static_cast<std::size_t>(id));
}

// The variable that says which kernel to mirror where nothing else does.
inline constexpr const char* kKernelVariable = "DAXEMU_KERNEL";

// "6.1, 6.12, 7.3"
[[nodiscard]] std::string known_kernels();

struct ChosenProfile {
  const Profile* profile = &kDefaultProfile;
  std::string note; // empty, or that the kernel asked for is another, and which is mirrored for it
};

// The profile for "6.12", "linux-6.12", "6.6", "v6.8.2" or what uname -r prints: that kernel's, or that of the nearest
// kernel which is not newer, and says so. Errors (Problem, EINVAL): no version of a kernel, or one before the first
// profile; it names the profiles there are.
[[nodiscard]] Outcome<ChosenProfile> find_profile(std::string_view text);

// find_profile() of `text`; where that is empty of DAXEMU_KERNEL, and where that is unset or empty kDefaultProfile.
// Errors: find_profile's, naming `what` (a flag, a key) or the variable.
[[nodiscard]] Outcome<ChosenProfile> chosen_profile(std::string_view what, std::string_view text);

} // namespace daxemu
