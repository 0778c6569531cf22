// The mappings that this process made through the API: what get_user_pages walks here, and what the processor's own
// touches fault in. Locks, in this order: mmap_lock_, the layout of a file, page_tables_; moving_ before page_tables_.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <vector>

#include "emu/pgmap/file_layout.hpp"
#include "runtime/api/mm/mmap_lock.hpp"
#include "runtime/api/mm/ram_pool.hpp"
#include "runtime/api/mm/touch_server.hpp"
#include "runtime/api/mm/vma_list.hpp"
#include "runtime/fault/process/poison_hit.hpp"

namespace daxemu::api {

// A device's memory as mappings need it.
struct DeviceMemory {
  std::shared_ptr<mm::DevicePages> pages;
  int fd = -1;          // its bytes
  bool hugetlb = false; // an extent is one huge page
};

class ProcessMm final : public gup::AddressSpaceView, public pgmap::MappingReach {
public:
  // `empty`: a memory file without a byte.
  ProcessMm(RamPool& ram, UniqueFd empty) : ram_(ram), empty_(std::move(empty)) {}
  ~ProcessMm() override;

  // mmap(2) of `length` bytes of the device from `offset` on, aligned to its extents. Errors: EINVAL (length, offset or
  // prot), mmap(2)'s.
  [[nodiscard]] Result<void*> map(const DeviceMemory& device, std::uint64_t length, int prot, std::uint64_t offset);
  // The same of a file on FS_DAX memory; it may reach beyond the file's end.
  [[nodiscard]] Result<void*> map_file(const DeviceMemory& device, pgmap::FileLayout& layout, pgmap::FileId file,
                                       std::uint64_t length, int prot, std::uint64_t offset);
  // Memory mapped by entries of `order` that have no struct page: what graphics drivers put into PMDs and PUDs.
  [[nodiscard]] Result<void*> map_special(std::uint64_t length, unsigned order, int prot);
  // The mapping that is exactly this. Errors: EINVAL.
  Result<void> unmap(void* address, std::uint64_t length);
  Result<void> protect(void* address, std::uint64_t length, int prot);
  // Is it one of ours?
  [[nodiscard]] bool contains(const void* address) const;
  [[nodiscard]] bool is_mapped(const mm::DevicePages& device) const;
  [[nodiscard]] bool is_mapped(const pgmap::FileLayout& layout, pgmap::FileId file) const;
  // handle_mm_fault() of one address, with the lock taken. Errors: those of fault().
  Result<void> touch(void* address, bool write);
  // migrate_vma() back: what of [address, address + length) lies in RAM goes to the device's pages it came from.
  // Returns the pages moved; referenced ones stay. Errors: EINVAL (not one mapping of memory that migrates),
  // EOPNOTSUPP (no ops.migrate_to_device where the processor cannot reach the memory), the operation's own.
  Result<std::uint64_t> migrate_to_device(void* address, std::uint64_t length);
  // How touches come to us, in words; starts it.
  [[nodiscard]] std::string engine();
  // The poisoned extent that made a touch of `address` a SIGBUS, if that was it. Async-signal-safe.
  [[nodiscard]] fault::PoisonHit poison_at(const void* address) const;

  [[nodiscard]] gup::Entry lookup(std::uint64_t address, std::uint64_t wanted) const override;
  [[nodiscard]] std::uint64_t sequence() const override { return sequence_.load(std::memory_order_seq_cst); }
  Result<void> fault(std::uint64_t address, bool write) override;
  Result<void> migrate_to_ram(std::uint64_t address) override;
  void lock_shared() override { mmap_lock_.lock_shared(); }
  void unlock_shared() override { mmap_lock_.unlock_shared(); }

  // The extent's place in every mapping becomes one that answers a touch with SIGBUS; threads that asked for early
  // kill hear of it at once.
  void unmap_and_kill(const mm::Folio& folio, Pfn bad, unsigned lsb) override;
  void unmap(const mm::Folio& folio) override;
  void blocks_changed(const pgmap::BlockChange& change) override;
  // A healed extent is mapped again.
  void restore(const mm::Folio& folio);
  // kill_dev_dax(): every touch of the device is SIGBUS from now on.
  void bury(const mm::DevicePages& device);

  // Around fork(2): no lock is held in the child.
  void before_fork();
  void after_fork();
  void after_fork_in_child();

private:
  struct Place {
    Vma* vma;
    std::uint64_t extent;
  };

  // process_mm.cpp
  [[nodiscard]] Result<void*> publish(std::shared_ptr<Vma> vma);
  [[nodiscard]] Vma* exactly(void* address, std::uint64_t length) const;

  // process_fault.cpp
  bool serve(const Touch& touch);
  Result<void> fault_device(Vma& vma, std::uint64_t extent);
  Result<void> fault_file(Vma& vma, std::uint64_t extent);
  void enter(Vma& vma, std::uint64_t extent, const mm::Folio& folio);
  Result<void> wait_moved(const Vma& vma, std::uint64_t extent);

  // process_migrate.cpp
  Result<void> move_out(const mm::Folio& folio);
  Result<void> copy_out(const mm::Folio& folio, std::byte* ram) const;
  Result<bool> move_in(Vma& vma, std::uint64_t extent);
  Result<void> copy_in(const mm::Folio& folio, const std::byte* ram) const;

  // process_reach.cpp; page_tables_ is held.
  [[nodiscard]] std::vector<Place> places_of(const mm::Folio& folio) const;
  // Takes the entry away; true: there was one of the device's page.
  bool take_out(const Place& place, const mm::Folio& folio);

  // cpu_entries.cpp: what the processor finds; page_tables_ is held.
  void open(Vma& vma, std::uint64_t extent, const Touch& touch);
  void close(const Vma& vma, std::uint64_t extent);
  void fill(Vma& vma, std::uint64_t extent, std::uint64_t count) const;
  void show(Vma& vma, std::uint64_t extent, std::uint64_t count, std::uint64_t page) const;
  void hide(Vma& vma, std::uint64_t extent, std::uint64_t count) const;

  RamPool& ram_;
  MmapLock mmap_lock_;             // for reading while an entry is made, for writing while a mapping comes or goes
  std::mutex moving_;              // one migration at a time
  mutable std::mutex page_tables_; // what is at an address changes under it, for the processor and in our records
  std::atomic<std::uint64_t> sequence_{0};
  VmaList vmas_;                       // writers hold mmap_lock_ for writing, and page_tables_
  UniqueFd empty_;                     // no bytes: every touch of a mapping of it is SIGBUS
  std::atomic<std::int64_t> holes_{0}; // extents of watched mappings that were given back to the kernel
  TouchServer server_{[this](const Touch& touch) { return serve(touch); }};
};

} // namespace daxemu::api
