// 2M of a file of small pages (shmem) that has none of them yet, made as one huge page: of a file that may have them
// (emu/backing/advised_file.hpp, or a tmpfs that somebody has mounted so), and of any where shmem_enabled says `advise`
// (shmem_allowable_huge_orders in mm/shmem.c). 512 small ones take the kernel five times as long. For extents that will
// have all of their bytes anyway; what is touched by a program alone is not advised, and takes as much memory as it
// touches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "emu/base/result.hpp"

namespace daxemu::fault {

// MADV_POPULATE_WRITE, Linux 5.14: EFAULT where a store is SIGBUS.
inline constexpr int kPopulateWrite = 23;

class HugePage {
public:
  // Maps it for as long as this lives, zeroed, at `place`: 2M of our own address space, aligned, which nobody uses.
  // Errors: ENOTSUP (the kernel makes small ones here), those of mmap(2) and madvise(2).
  [[nodiscard]] static Result<HugePage> make(std::span<std::byte> place, int bytes, std::uint64_t offset);
  HugePage(HugePage&& other) noexcept : bytes_(std::exchange(other.bytes_, {})), slow_(other.slow_) {}
  HugePage& operator=(HugePage&&) = delete;
  HugePage(const HugePage&) = delete;
  HugePage& operator=(const HugePage&) = delete;
  ~HugePage();
  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
  // It took as long as small ones would: memory in pieces, or a host that lends it.
  [[nodiscard]] bool was_slow() const { return slow_; }

private:
  explicit HugePage(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
  bool slow_ = false;
};

} // namespace daxemu::fault
