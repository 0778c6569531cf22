// memory_failure() on device memory: the extent is poisoned, taken out of every page table, and those who map it are
// told (mm/memory-failure.c, memory_failure_dev_pagemap).
#pragma once

#include "emu/pgmap/pgmap.hpp"

namespace daxemu::pgmap {

using FileId = std::uint64_t; // identity of a file: what folio->mapping says; never 0

// What blocks [first, last) of a file are now.
struct BlockChange {
  FileId file = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  enum Kind {
    gone, // beyond the end of the file: a touch is SIGBUS
    hole, // a touch allocates
    here, // in consecutive extents from `extent` on
  } kind = gone;
  ExtentIndex extent;
};

// How far the model reaches into processes; the runtime implements it, tests record it.
class MappingReach {
public:
  virtual ~MappingReach() = default;
  // Takes `folio` out of every page table and sends each process that maps it SIGBUS for frame `bad`:
  // BUS_MCEERR_AR, si_addr_lsb `lsb` (log2 of the mapping's size: dev_pagemap_mapping_shift). unmap_and_kill().
  virtual void unmap_and_kill(const mm::Folio& folio, Pfn bad, unsigned lsb) = 0;
  // Takes it out of every page table; touches fault again (unmap_mapping_range).
  virtual void unmap(const mm::Folio& folio) = 0;
  // Blocks of a file came, went or moved (they are mapped nowhere). Called with the layout locked: must not ask it.
  virtual void blocks_changed(const BlockChange& /*change*/) {}
};

// Frame `pfn` went bad. Errors: ENXIO (not a page of this pgmap, or memory whose driver handles its own failures),
// whatever ops.memory_failure, or without it the device's holder, says but EOPNOTSUPP, which passes it on to the
// generic handling. Poisoning a poisoned extent again is no error, as in the kernel.
Result<void> memory_failure(DevPagemap& pgmap, Pfn pfn, MappingReach& reach);

// What ops.memory_failure of a file system calls for the extents of the file that is hit: mf_dax_kill_procs().
// With MF_MEM_PRE_REMOVE among `mf_flags` nothing is poisoned: the memory is taken away.
void mf_dax_kill_procs(const mm::Folio& folio, Pfn bad, MappingReach& reach, int mf_flags = 0);

// Makes the extent usable again; its data is gone: zeroes where there is a direct map. Errors: EBUSY while it is
// referenced (somebody may be reading the poison), ENOENT if it is not poisoned.
Result<void> clear_poison(const mm::Folio& folio);

} // namespace daxemu::pgmap
