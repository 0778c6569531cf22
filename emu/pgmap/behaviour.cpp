#include "emu/pgmap/behaviour.hpp"

namespace daxemu::pgmap {
namespace {

using enum Behaviour;

constexpr BehaviourInfo kTable[] = {
    {deny_longterm_fast, "deny_longterm_fast", "gup-fast leaves FOLL_LONGTERM pins to the slow path",
     "try_grab_folio: folio_is_longterm_pinnable (6.15); 6.1: every pte_devmap in gup_pte_range, gup_huge_pmd/pud"},
    {deny_longterm, "deny_longterm", "FOLL_LONGTERM is EOPNOTSUPP", "check_vma_flags: vma_is_fsdax (mm/gup.c)"},
    {migrate_before_longterm, "migrate_before_longterm", "FOLL_LONGTERM moves the data to RAM and pins that",
     "check_and_migrate_movable_pages: folio_is_device_coherent, migrate_device_coherent_page (mm/gup.c)"},
    {free_hook_on_idle, "free_hook_on_idle", "ops.folio_free is called when the last reference goes",
     "free_zone_device_page: ops->page_free (mm/memremap.c); folio_free since 6.19"},
    {wake_on_idle, "wake_on_idle", "whoever truncates a file on it is woken when the last reference goes",
     "__put_devmap_managed_page_refs: wake_up_var (mm/memremap.c), dax_layout_busy_page (fs/dax.c)"},
    {device_swap_entries, "device_swap_entries", "page tables hold swap entries only: a CPU touch calls migrate_to_ram",
     "do_swap_page: is_device_private_entry (mm/memory.c)"},
    {file_mapping, "file_mapping", "folio->mapping and folio->index are set when it is mapped, as for a file's pages",
     "dax_set_mapping (drivers/dax/device.c), dax_associate_entry (fs/dax.c)"},
    {compound, "compound", "folios of order > 0 are allowed (vmemmap_shift)",
     "memmap_init_compound (mm/page_alloc.c), dev_dax_probe (drivers/dax/device.c)"},
    {peer_to_peer, "peer_to_peer", "callers without FOLL_PCI_P2PDMA get EREMOTEIO",
     "follow_page_pte, try_grab_folio: is_pci_p2pdma_page (mm/gup.c, 6.2)"},
    {count_from_one, "count_from_one", "an idle page's count is 1, not 0",
     "__init_zone_device_page: set_page_count(page, 0) for PRIVATE and COHERENT only (mm/page_alloc.c)"},
    {direct_map, "direct_map", "the kernel has an address for it (page_address)",
     "pagemap_range: arch_add_memory, but add_pages for PRIVATE (mm/memremap.c)"},
    {wait_for_folios, "wait_for_folios", "memunmap_pages returns only when no folio is referenced any more",
     "memunmap_pages: 5.17 and earlier put_page each page; since 6.1 folios in use hold pgmap->ref for PRIVATE and "
     "COHERENT (zone_device_page_init)"},
    {generic_failure, "generic_failure", "memory_failure poisons it and kills who maps it; without: ENXIO",
     "mf_generic_kill_procs: refuses PRIVATE and COHERENT (mm/memory-failure.c)"},
    {deny_fixed_buffers, "deny_fixed_buffers", "io_uring does not register it as a buffer: EOPNOTSUPP",
     "io_pin_pages: up to 6.3 no memory of a file but shmem and hugetlb (io_uring/rsrc.c)"},
};
static_assert(std::size(kTable) == kBehaviours);

// Device-dax as of the kernels that know which device folios may be pinned for long. 6.1 knows it in the slow path
// only.
constexpr Behaviours kGeneric = {file_mapping, compound, count_from_one, direct_map, wait_for_folios, generic_failure};
// The guest: unbinding returns at once while a pipe holds a page of the device, and the kernel panics when the pipe is
// closed (free_pipe_info).
constexpr Behaviours kGeneric6_1 = kGeneric.with(deny_longterm_fast).with(deny_fixed_buffers).without(wait_for_folios);

// Unbinding waits for no reference in these either, and what the panic was has been mended.
constexpr Behaviours kGeneric6_12 = kGeneric.with(deny_longterm_fast).without(wait_for_folios);
constexpr Behaviours kGeneric7_3 = kGeneric.without(wait_for_folios);

constexpr Preset kPresets[] = {
    {"GENERIC", kGeneric, "device-dax (MEMORY_DEVICE_GENERIC)"},
    {"GENERIC_6_1", kGeneric6_1,
     "device-dax as in 6.1, where gup-fast sends every long-term pin of device memory to the slow path, io_uring "
     "registers none of it, and unbinding waits for no reference"},
    {"GENERIC_6_12", kGeneric6_12, "device-dax as in 6.12: as in 6.1, but io_uring registers it"},
    {"GENERIC_7_3", kGeneric7_3, "device-dax as in 7.3: gup-fast pins it for long, too"},
    {"FS_DAX",
     {deny_longterm_fast, deny_longterm, wake_on_idle, file_mapping, count_from_one, direct_map, wait_for_folios,
      generic_failure},
     "files of a DAX file system (MEMORY_DEVICE_FS_DAX)"},
    {"PRIVATE",
     {device_swap_entries, free_hook_on_idle, wait_for_folios},
     "memory the CPU cannot reach (MEMORY_DEVICE_PRIVATE)"},
    {"COHERENT",
     {deny_longterm_fast, migrate_before_longterm, free_hook_on_idle, direct_map, wait_for_folios},
     "memory of an accelerator that the CPU can reach (MEMORY_DEVICE_COHERENT)"},
    {"PCI_P2PDMA",
     {peer_to_peer, free_hook_on_idle, count_from_one, direct_map, wait_for_folios, generic_failure},
     "a PCI BAR given to other devices (MEMORY_DEVICE_PCI_P2PDMA)"},
};

// A set that has all of `all` and none of `none` cannot be, for `reason`.
struct Impossible {
  Behaviours all;
  Behaviours none;
  const char* reason;
  const char* remedy;
};
constexpr Impossible kImpossible[] = {
    {{deny_longterm},
     {deny_longterm_fast},
     "deny_longterm without deny_longterm_fast: gup-fast looks at no VMA and would hand out what the slow path refuses",
     "add deny_longterm_fast"},
    {{migrate_before_longterm},
     {deny_longterm_fast},
     "migrate_before_longterm without deny_longterm_fast: gup-fast cannot migrate and would pin the device's page",
     "add deny_longterm_fast"},
    {{deny_longterm, migrate_before_longterm},
     {},
     "deny_longterm and migrate_before_longterm: what is refused is never migrated",
     "keep one of them"},
    {{device_swap_entries, direct_map},
     {},
     "device_swap_entries and direct_map: memory the CPU cannot reach has no kernel address",
     "keep one of them"},
    {{device_swap_entries, file_mapping},
     {},
     "device_swap_entries and file_mapping: device-private pages are anonymous memory (migrate_vma_setup)",
     "keep one of them"},
    {{device_swap_entries, compound},
     {},
     "device_swap_entries and compound: migrate_vma moves pages of order 0 only in 6.1",
     "use order 0"},
    {{device_swap_entries, count_from_one},
     {},
     "device_swap_entries and count_from_one: the driver hands out pages whose count is 0 (zone_device_page_init)",
     "drop count_from_one"},
    {{migrate_before_longterm, count_from_one},
     {},
     "migrate_before_longterm and count_from_one: the driver hands out pages whose count is 0 (zone_device_page_init)",
     "drop count_from_one"},
    {{migrate_before_longterm, compound},
     {},
     "migrate_before_longterm and compound: migrate_device_coherent_page warns and fails on a compound page",
     "use order 0"},
    {{wake_on_idle},
     {file_mapping},
     "wake_on_idle without file_mapping: only the truncation of a file waits for it",
     "add file_mapping"},
    {{wake_on_idle, compound},
     {},
     "wake_on_idle and compound: a file system's extents are not folios of one order in 6.1",
     "use order 0"},
    {{generic_failure},
     {count_from_one},
     "generic_failure without count_from_one: mf_generic_kill_procs refuses memory whose driver hands out its pages",
     "add count_from_one or drop generic_failure"},
};

} // namespace

std::span<const BehaviourInfo> behaviour_table() {
  return kTable;
}
std::span<const Preset> presets() {
  return kPresets;
}

std::string to_string(Behaviours set) {
  std::string text;
  for (const BehaviourInfo& info : kTable) {
    if (set.has(info.behaviour)) {
      text += (text.empty() ? "" : ", ") + std::string(info.name);
    }
  }
  return text;
}

Behaviours behaviours_of_record(std::uint32_t bits) {
  return bits != 0 ? Behaviours::of_bits(bits) : kGeneric6_1;
}

Outcome<Behaviours> preset(std::string_view name) {
  std::string known;
  for (const Preset& one : kPresets) {
    if (name == one.name) {
      return one.set;
    }
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  }
  return refuse(EINVAL, "memory type '" + std::string(name) + "' is not known", "use one of: " + known);
}

Outcome<void> check_set(Behaviours set, const SetContext& context) {
  if ((set.bits() >> kBehaviours) != 0) {
    return refuse(EINVAL, "the set has flags that do not exist", "use the flags of behaviour_table()");
  }
  for (const Impossible& row : kImpossible) {
    if (set.has_all(row.all) && !set.has_any(row.none)) {
      return refuse(EINVAL, row.reason, row.remedy);
    }
  }
  if (context.order > 0 && !set.has(compound)) {
    return refuse(EINVAL, "folios of order " + std::to_string(context.order) + " without compound",
                  "add compound or use order 0");
  }
  if (set.has(device_swap_entries) && !context.has_migrate_to_ram) {
    return refuse(EINVAL, "device_swap_entries without ops.migrate_to_ram: a CPU touch could not be served",
                  "give the operation (memremap_pages: \"Missing migrate_to_ram method\")");
  }
  if (set.has_any({free_hook_on_idle, device_swap_entries}) && !context.has_folio_free) {
    return refuse(EINVAL, "free_hook_on_idle or device_swap_entries without ops.folio_free",
                  "give the operation (memremap_pages: \"Missing page_free method\")");
  }
  if (set.has_any({device_swap_entries, migrate_before_longterm}) && !context.has_owner) {
    return refuse(EINVAL, "device_swap_entries or migrate_before_longterm without an owner",
                  "give one (memremap_pages: \"Missing owner\"): migrate_vma tells drivers' pages apart by it");
  }
  return {};
}

} // namespace daxemu::pgmap
