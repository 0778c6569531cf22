// A small file system's layout on FS_DAX memory: which of the device's extents are which file's pages. It exists so
// that truncation meets pinned pages as in the kernel: dax_layout_busy_page (fs/dax.c) and the break_layouts of its
// callers.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <shared_mutex>
#include <vector>

#include "emu/base/function_ref.hpp"
#include "emu/pgmap/memory_failure.hpp"

namespace daxemu::pgmap {

class FileLayout {
public:
  // Borrows both. The pgmap must have file_mapping.
  FileLayout(DevPagemap& pgmap, MappingReach& reach);

  [[nodiscard]] FileId create();
  // The file's size in blocks (i_size). Errors: ENOENT.
  [[nodiscard]] Result<std::uint64_t> size(FileId file) const;

  // fallocate(2): gives the file extents for its blocks [first, first + count); those it has already stay. Fresh ones
  // read as zeroes. The file grows if they lie beyond its end. Errors: ENOSPC (nothing is changed), ENOENT.
  Result<void> allocate(FileId file, std::uint64_t first, std::uint64_t count);

  // dax_iomap_fault(): the folio behind block `block`, its mapping and index set as dax_associate_entry() does. A hole
  // below the file's end is allocated first, also for a read (the kernel maps its zero page for that until a write
  // comes). `insert` makes the page table entry: truncation cannot come between it and the look-up.
  // Errors: ENXIO (beyond the end), ENOSPC, ENOENT, EHWPOISON (the block is poisoned).
  using Insert = std::function<void(const mm::Folio&)>;
  [[nodiscard]] Result<mm::Folio> fault(FileId file, std::uint64_t block, const Insert& insert = {});

  // What blocks [first, first + count) are, run by run and in order, while nothing of it changes.
  void survey(FileId file, std::uint64_t first, std::uint64_t count, FunctionRef<void(const BlockChange&)> visit) const;

  // ftruncate(2) to `blocks`; growing leaves a hole. What goes is unmapped first, then every reference of it must go:
  // waits for that `most` long at most (0: not at all), as dax_break_layout does without bound. As in the kernel, the
  // lock that holds up faults is dropped while it waits (ext4_wait_dax_page), so the blocks can be touched meanwhile
  // and are unmapped again. Errors (Problem): EBUSY with who holds what (nothing is freed; the kernel would wait on),
  // ENOENT.
  Outcome<void> truncate(FileId file, std::uint64_t blocks, std::chrono::milliseconds most);
  // FALLOC_FL_PUNCH_HOLE of blocks [first, first + count), the same way.
  Outcome<void> punch(FileId file, std::uint64_t first, std::uint64_t count, std::chrono::milliseconds most);
  // unlink(2) and the last close: truncates to nothing, then the file is no more.
  Outcome<void> remove(FileId file, std::chrono::milliseconds most);

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
  using Blocks = std::map<std::uint64_t, ExtentIndex>;
  struct File {
    Blocks blocks;
    std::uint64_t size = 0; // blocks
  };
  [[nodiscard]] File* find(FileId file);
  [[nodiscard]] const File* find(FileId file) const;
  // All below: the lock is held, for writing but for enter().
  Result<void> allocate_in(FileId id, File& file, std::uint64_t first, std::uint64_t count);
  [[nodiscard]] Result<mm::Folio> enter(FileId id, std::uint64_t block, ExtentIndex extent, const Insert& insert);
  // Unmaps the blocks [first, last); the first of them that is referenced.
  [[nodiscard]] std::optional<std::uint64_t> break_layout(const File& file, std::uint64_t first, std::uint64_t last);
  Outcome<void> free_blocks(FileId id, std::uint64_t first, std::uint64_t last, bool to_end,
                            std::chrono::milliseconds most);

  DevPagemap& pgmap_;
  MappingReach& reach_;
  mutable std::shared_mutex invalidate_lock_; // mapping->invalidate_lock, one for all files
  std::map<FileId, File> files_;
  std::vector<Owner> owners_; // by extent; file 0 is free
  FileId next_;               // no two layouts of a machine give the same
};

} // namespace daxemu::pgmap
