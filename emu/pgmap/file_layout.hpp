// A small file system's layout on FS_DAX memory: which of the device's extents are which file's pages. It exists so
// that truncation meets pinned pages as in the kernel: dax_layout_busy_page (fs/dax.c) and the break_layouts of its
// callers.
#pragma once

#include <chrono>
#include <map>
#include <shared_mutex>
#include <vector>

#include "emu/pgmap/memory_failure.hpp"

namespace daxemu::pgmap {

using FileId = std::uint64_t; // identity of a file: what folio->mapping says; never 0

class FileLayout {
public:
  // Borrows both. The pgmap must have file_mapping.
  FileLayout(DevPagemap& pgmap, MappingReach& reach);

  [[nodiscard]] FileId create();

  // Gives the file extents for its blocks [first, first + count); those it has already stay. Fresh ones read as zeroes.
  // Errors: ENOSPC (nothing is changed), ENOENT.
  Result<void> allocate(FileId file, std::uint64_t first, std::uint64_t count);

  // The folio behind block `block`, its mapping and index set as dax_associate_entry() does on a fault.
  // Errors: ENXIO (a hole or beyond the end), ENOENT, EHWPOISON (the block is poisoned).
  [[nodiscard]] Result<mm::Folio> fault(FileId file, std::uint64_t block);

  // Frees every block from `blocks` on, or those of a hole. First they are unmapped, then every reference must go:
  // waits for it `most` long at most (0: not at all), as dax_break_layout does without bound. New faults wait meanwhile
  // (the kernel holds mapping->invalidate_lock). Errors (Problem): EBUSY with who holds what (nothing is freed; the
  // kernel would wait on), ENOENT.
  Outcome<void> truncate(FileId file, std::uint64_t blocks, std::chrono::milliseconds most);
  Outcome<void> punch(FileId file, std::uint64_t first, std::uint64_t count, std::chrono::milliseconds most);

  // Which file and block extent `index` belongs to; nothing where it is free.
  struct Owner {
    FileId file = 0;
    std::uint64_t block = 0;
  };
  [[nodiscard]] std::optional<Owner> owner_of(ExtentIndex index) const;
  [[nodiscard]] std::uint64_t free_extents() const;

  // An ops.memory_failure for this pgmap: kills who maps the file's page. Errors: EOPNOTSUPP for an extent of no file
  // (pmem_pagemap_memory_failure and xfs_dax_notify_failure decline so).
  [[nodiscard]] std::function<Result<void>(Pfn, std::uint64_t)> failure_handler();

private:
  Outcome<void> free_blocks(FileId file, std::uint64_t first, std::uint64_t last, std::chrono::milliseconds most);

  DevPagemap& pgmap_;
  MappingReach& reach_;
  mutable std::shared_mutex invalidate_lock_;
  std::map<FileId, std::map<std::uint64_t, ExtentIndex>> files_; // block -> extent
  std::vector<Owner> owners_;                                    // by extent; file 0 is free
  FileId next_ = 1;
};

} // namespace daxemu::pgmap
