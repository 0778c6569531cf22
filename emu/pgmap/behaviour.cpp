#include "emu/pgmap/behaviour.hpp"

#include "emu/base/program/later_relocations.hpp"

namespace daxemu::pgmap {
namespace {

using enum Behaviour;

DAXEMU_LATER_TABLE constexpr BehaviourInfo kTable[] = {
    {deny_longterm_fast, "deny_longterm_fast", "gup-fast leaves FOLL_LONGTERM pins to the slow path",
     "try_grab_folio (6.1), try_grab_folio_fast: folio_is_longterm_pinnable is false of device-coherent folios, since "
     "6.15 "
     "of fs-dax ones (mm/gup.c, include/linux/mm.h)"},
    {deny_longterm, "deny_longterm", "FOLL_LONGTERM is EOPNOTSUPP", "check_vma_flags: vma_is_fsdax (mm/gup.c)"},
    {migrate_before_longterm, "migrate_before_longterm", "FOLL_LONGTERM moves the data to RAM and pins that",
     "check_and_migrate_movable_pages: folio_is_device_coherent, migrate_device_coherent_page (mm/gup.c)"},
    {free_hook_on_idle, "free_hook_on_idle", "ops.folio_free (or page_free) is called when the last reference goes",
     "free_zone_device_page, free_zone_device_folio (mm/memremap.c)"},
    {wake_on_idle, "wake_on_idle", "whoever truncates a file on it is woken when the last reference goes",
     "__put_devmap_managed_page_refs: wake_up_var (mm/memremap.c, 6.1), free_zone_device_folio: MEMORY_DEVICE_FS_DAX "
     "(7.3); dax_layout_busy_page (fs/dax.c)"},
    {device_swap_entries, "device_swap_entries", "page tables hold swap entries only: a CPU touch calls migrate_to_ram",
     "do_swap_page: is_device_private_entry (mm/memory.c)"},
    {file_mapping, "file_mapping", "folio->mapping and folio->index are set when it is mapped, as for a file's pages",
     "dax_set_mapping (drivers/dax/device.c), dax_associate_entry (fs/dax.c)"},
    {compound, "compound", "folios of order > 0 are allowed (vmemmap_shift)",
     "memmap_init_compound (mm/page_alloc.c), dev_dax_probe (drivers/dax/device.c)"},
    {peer_to_peer, "peer_to_peer", "callers without FOLL_PCI_P2PDMA get EREMOTEIO",
     "try_grab_folio, try_grab_folio_fast: is_pci_p2pdma_page (mm/gup.c, 6.2)"},
    {count_from_one, "count_from_one", "an idle page's count is 1, not 0",
     "__init_zone_device_page: set_page_count(page, 0) for PRIVATE and COHERENT (mm/page_alloc.c, 6.1), since 6.15 for "
     "all but MEMORY_DEVICE_GENERIC (mm/mm_init.c)"},
    {direct_map, "direct_map", "the kernel has an address for it (page_address)",
     "pagemap_range: arch_add_memory, but add_pages for PRIVATE (mm/memremap.c)"},
    {wait_for_folios, "wait_for_folios", "memunmap_pages returns only when no folio is referenced any more",
     "memunmap_pages: 5.17 and earlier put_page each page; since 6.1 folios in use hold pgmap->ref for PRIVATE and "
     "COHERENT (zone_device_page_init), of PCI_P2PDMA what was handed out (pci_alloc_p2pmem)"},
    {generic_failure, "generic_failure", "memory_failure poisons it and kills who maps it; without: ENXIO",
     "mf_generic_kill_procs: refuses PRIVATE and COHERENT (mm/memory-failure.c)"},
    {deny_fixed_buffers, "deny_fixed_buffers", "io_uring does not register it as a buffer: EOPNOTSUPP",
     "io_pin_pages: up to 6.3 no memory of a file but shmem and hugetlb (io_uring/rsrc.c)"},
    {devmap_entries, "devmap_entries", "page table entries are marked (pte_devmap): gup-fast leaves FOLL_LONGTERM",
     "gup_pte_range, gup_huge_pmd, gup_huge_pud: pmd_devmap && FOLL_LONGTERM (mm/gup.c); no such mark since 6.17"},
    {entry_references, "entry_references", "a page table entry holds a reference: a mapped page's count shows it",
     "insert_page_into_pte_locked, insert_pmd, insert_pud: folio_get (mm/memory.c, mm/huge_memory.c), of device-dax "
     "and "
     "fs-dax since 6.15 (vmf_insert_folio_pmd in drivers/dax/device.c)"},
    {longterm_write_slow, "longterm_write_slow", "gup-fast leaves FOLL_LONGTERM with FOLL_WRITE to the slow path",
     "gup_fast_folio_allowed: of files only shmem's and hugetlb's folios, and none without a mapping (mm/gup.c); "
     "entries with pte_devmap never came so far"},
    {page_free_hook, "page_free_hook", "the hook of idle memory is called page_free and is given a page",
     "free_zone_device_page: ops->page_free (mm/memremap.c); ops->folio_free since 6.19"},
    {holder, "holder", "the device may have a holder, whose notify_failure handles memory failures first",
     "pmem_pagemap_memory_failure (drivers/nvdimm/pmem.c), fsdev_pagemap_memory_failure (drivers/dax/fsdev.c): "
     "dax_holder_notify_failure (drivers/dax/super.c)"},
    {pre_remove_notice, "pre_remove_notice", "a holder hears MF_MEM_PRE_REMOVE when the device goes; without: flags 0",
     "kill_dax (drivers/dax/super.c): 0 in 6.1, MF_MEM_PRE_REMOVE in 6.12"},
    {ask_before_longterm, "ask_before_longterm", "the holder is asked before a long-term pin, folio by folio",
     "no kernel's: asked for beside check_vma_flags (mm/gup.c), which refuses all of fs-dax"},
};
static_assert(std::size(kTable) == kBehaviours);

// A set that has all of `all` and none of `none` cannot be, for `reason`.
struct Impossible {
  Behaviours all;
  Behaviours none;
  const char* reason;
  const char* remedy;
};
DAXEMU_LATER_TABLE constexpr Impossible kImpossible[] = {
    {{deny_longterm},
     {deny_longterm_fast, devmap_entries},
     "deny_longterm without deny_longterm_fast or devmap_entries: gup-fast looks at no VMA and would hand out what the "
     "slow path refuses",
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
    {{generic_failure, device_swap_entries},
     {},
     "generic_failure and device_swap_entries: mf_generic_kill_procs refuses MEMORY_DEVICE_PRIVATE",
     "drop generic_failure"},
    {{generic_failure, migrate_before_longterm},
     {},
     "generic_failure and migrate_before_longterm: mf_generic_kill_procs refuses MEMORY_DEVICE_COHERENT",
     "drop generic_failure"},
    {{device_swap_entries, devmap_entries},
     {},
     "device_swap_entries and devmap_entries: a swap entry is not present, and has no such mark",
     "keep one of them"},
    {{device_swap_entries, entry_references},
     {},
     "device_swap_entries and entry_references: its driver's own reference stands for the entries here",
     "drop entry_references"},
    {{migrate_before_longterm, entry_references},
     {},
     "migrate_before_longterm and entry_references: its driver's own reference stands for the entries here",
     "drop entry_references"},
    {{devmap_entries, entry_references},
     {},
     "devmap_entries and entry_references: insert_pfn marks an entry and takes no reference, insert_page the other way",
     "keep one of them"},
    {{page_free_hook},
     {free_hook_on_idle, device_swap_entries},
     "page_free_hook without free_hook_on_idle: nothing calls the hook",
     "add free_hook_on_idle"},
    {{pre_remove_notice}, {holder}, "pre_remove_notice without holder: there is nobody to notify", "add holder"},
    {{ask_before_longterm}, {holder}, "ask_before_longterm without holder: there is nobody to ask", "add holder"},
    {{ask_before_longterm},
     {deny_longterm_fast, devmap_entries},
     "ask_before_longterm without deny_longterm_fast or devmap_entries: gup-fast runs with interrupts off and can ask "
     "nobody",
     "add deny_longterm_fast"},
    {{ask_before_longterm, deny_longterm},
     {},
     "ask_before_longterm and deny_longterm: nobody is asked for what is refused",
     "drop deny_longterm"},
    {{ask_before_longterm, migrate_before_longterm},
     {},
     "ask_before_longterm and migrate_before_longterm: what moves to RAM is not pinned on the device",
     "keep one of them"},
};

} // namespace

std::span<const BehaviourInfo> behaviour_table() {
  tables_ready();
  return kTable;
}

std::string to_string(Behaviours set) {
  std::string text;
  for (const BehaviourInfo& info : behaviour_table()) {
    if (set.has(info.behaviour)) {
      text += (text.empty() ? "" : ", ") + std::string(info.name);
    }
  }
  return text;
}

Outcome<void> check_set(Behaviours set, const SetContext& context) {
  if ((set.bits() >> kBehaviours) != 0) {
    return refuse(EINVAL, "the set has flags that do not exist", "use the flags of behaviour_table()");
  }
  tables_ready();
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
    return refuse(EINVAL, "free_hook_on_idle or device_swap_entries without ops.folio_free or ops.page_free",
                  set.has(page_free_hook) ? "give one (memremap_pages: \"Missing page_free method\")"
                                          : "give one (memremap_pages: \"Missing folio_free method\")");
  }
  if (set.has_any({device_swap_entries, migrate_before_longterm}) && !context.has_owner) {
    return refuse(EINVAL, "device_swap_entries or migrate_before_longterm without an owner",
                  "give one (memremap_pages: \"Missing owner\"): migrate_vma tells drivers' pages apart by it");
  }
  return {};
}

} // namespace daxemu::pgmap
