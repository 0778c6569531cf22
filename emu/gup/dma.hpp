// An emulated bus master: it reads and writes device memory by bus address, not by anybody's mapping, and only what is
// pinned and mapped for it. What a driver gets wrong comes back as a fault that says so.
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "emu/mm/folio.hpp"

namespace daxemu::gup {

// enum dma_data_direction: as the memory is to be used by the bus master.
enum class DmaDirection : std::uint32_t {
  bidirectional,
  to_device,   // the bus master reads memory
  from_device, // the bus master writes memory
};

struct DmaFault {
  int code = 0;                  // EFAULT, EACCES, EPERM, ENODEV, EIO, ENXIO; see BusMaster
  std::uint64_t bus_address = 0; // the first byte that could not be reached
  std::string what;
};
template <class T>
using DmaResult = tl::expected<T, DmaFault>;

// Which bus addresses the bus master may use. Identity when made so: then a bus address is a physical address.
class Iommu {
public:
  enum class Mode { identity, translating };
  explicit Iommu(Mode mode) : mode_(mode) {}

  // Maps `nr_pages` pages from `first` on (dma_map_page of each); returns the bus address of the first. Identity: their
  // physical address, and nothing is entered. Errors: EINVAL (no page, none asked for).
  [[nodiscard]] Result<std::uint64_t> map(mm::PagePtr first, std::uint64_t nr_pages, DmaDirection direction);
  // Errors: ENOENT when no mapping begins at that bus address.
  Result<void> unmap(std::uint64_t bus_address);

  // The frame behind a bus address. Errors: EFAULT (not mapped), EACCES (mapped for the other direction).
  [[nodiscard]] Result<Pfn> translate(std::uint64_t bus_address, DmaDirection used) const;

private:
  struct Window {
    Pfn first;
    std::uint64_t nr_pages = 0;
    DmaDirection direction = DmaDirection::bidirectional;
  };
  Mode mode_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Window> windows_; // by bus address
  std::uint64_t next_ = 1ULL << 32;         // bus addresses are never used again: a stale one faults
};

class BusMaster {
public:
  // Borrows both.
  BusMaster(const mm::MemMap& map, const Iommu& iommu) : map_(map), iommu_(iommu) {}

  // Errors: EFAULT (the IOMMU has no such address, or nothing is there), EACCES (mapped for the other direction), EPERM
  // (nobody has pinned it), ENODEV (its device is gone), EIO (poisoned), ENXIO (no direct map: memory the CPU cannot
  // reach). Bytes before the faulting one have been moved.
  DmaResult<void> read(std::uint64_t bus_address, std::span<std::byte> into) const;
  DmaResult<void> write(std::uint64_t bus_address, std::span<const std::byte> from) const; // marks folios dirty

  // The same memory in pieces, for who moves the bytes himself (io_uring). from_device marks folios dirty.
  [[nodiscard]] DmaResult<std::vector<std::span<std::byte>>> pieces(std::uint64_t bus_address, std::uint64_t size,
                                                                    DmaDirection used) const;

private:
  [[nodiscard]] DmaResult<std::span<std::byte>> reach(std::uint64_t bus_address, std::uint64_t size,
                                                      DmaDirection used) const;
  const mm::MemMap& map_;
  const Iommu& iommu_;
};

} // namespace daxemu::gup
