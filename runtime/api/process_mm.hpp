// The mappings that this process made through the API: what get_user_pages walks here.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "emu/gup/address_space_view.hpp"
#include "emu/pgmap/memory_failure.hpp"
#include "runtime/api/ram_pool.hpp"

namespace daxemu::api {

class ProcessMm final : public gup::AddressSpaceView, public pgmap::MappingReach {
public:
  explicit ProcessMm(RamPool& ram) : ram_(ram) {}
  ~ProcessMm() override;

  // mmap(2) of `length` bytes of the backing `fd` from `offset` on, aligned to the device's extents. Errors: EINVAL
  // (length, offset or prot), mmap(2)'s.
  [[nodiscard]] Result<void*> map(const std::shared_ptr<mm::DevicePages>& device, int fd, std::uint64_t length,
                                  int prot, std::uint64_t offset);
  // The mapping that is exactly this. Errors: EINVAL.
  Result<void> unmap(void* address, std::uint64_t length);
  Result<void> protect(void* address, std::uint64_t length, int prot);
  // Is it one of ours?
  [[nodiscard]] bool contains(const void* address) const;
  [[nodiscard]] bool is_mapped(const mm::DevicePages& device) const;
  // handle_mm_fault() of one address, with the lock taken. Errors: those of fault().
  Result<void> touch(void* address, bool write);

  [[nodiscard]] gup::Entry lookup(std::uint64_t address, std::uint64_t wanted) const override;
  [[nodiscard]] std::uint64_t sequence() const override { return sequence_.load(std::memory_order_seq_cst); }
  Result<void> fault(std::uint64_t address, bool write) override;
  Result<void> migrate_to_ram(std::uint64_t address) override;
  void lock_shared() override { mmap_lock_.lock_shared(); }
  void unlock_shared() override { mmap_lock_.unlock_shared(); }

  // The extent's place in every mapping becomes one that answers a touch with SIGBUS.
  void unmap_and_kill(const mm::Folio& folio, Pfn bad, unsigned lsb) override;
  void unmap(const mm::Folio& folio) override;
  // A healed extent is mapped again.
  void restore(const mm::Folio& folio, int fd);

private:
  struct Vma {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t pgoff = 0; // page of the device at `start`
    std::shared_ptr<mm::DevicePages> device;
    std::atomic<int> prot{0};
    std::unique_ptr<std::atomic<std::uint64_t>[]> present; // a bit per extent of the mapping
    std::unique_ptr<std::atomic<std::uint64_t>[]> moved;   // page of the RAM pool + 1, per extent; 0: not moved
    [[nodiscard]] std::uint64_t extent_size() const { return kPageSize << device->order(); }
    [[nodiscard]] std::uint64_t extents() const { return (end - start) / extent_size(); }
    [[nodiscard]] std::uint64_t extent_at(std::uint64_t address) const { return (address - start) / extent_size(); }
    [[nodiscard]] bool is_present(std::uint64_t extent) const {
      return (present[extent / 64].load(std::memory_order_acquire) >> (extent % 64) & 1) != 0;
    }
  };
  using Vmas = std::vector<std::shared_ptr<Vma>>; // by start

  [[nodiscard]] Vma* find(std::uint64_t address) const;
  void publish(Vmas vmas);
  Result<void> move_out(Vma& vma, const mm::Folio& folio);
  template <class Visit>
  void for_each_mapping(const mm::Folio& folio, Visit visit);

  RamPool& ram_;
  std::shared_mutex mmap_lock_; // for reading while an entry is made, for writing while a mapping comes or goes
  std::mutex migrating_;
  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<const Vmas*> current_{nullptr};
  std::vector<std::unique_ptr<const Vmas>> lists_; // all there were: readers hold no lock
};

} // namespace daxemu::api
