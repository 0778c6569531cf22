// This process's mappings of the kernel's own devices: remembered, so that they keep the promises of the API's other
// mappings (whole ones only; a mapped device is busy; a touch that fails is an errno, not a signal).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "emu/base/result.hpp"

namespace daxemu::api {

class RealMappings {
public:
  // mmap(2) of the device behind `fd` with MAP_SHARED; `owner` is whoever asks is_mapped(). Errors: mmap(2)'s.
  [[nodiscard]] Result<void*> map(const void* owner, int fd, std::uint64_t length, int prot, std::uint64_t offset);
  // The mapping that is exactly this. Errors: EINVAL, and those of munmap(2) and mprotect(2).
  Result<void> unmap(void* address, std::uint64_t length);
  Result<void> protect(void* address, std::uint64_t length, int prot);
  // Faults the page at `address` in (faultin_page_range() by MADV_POPULATE_READ or _WRITE, Linux 5.14). Errors: EFAULT
  // (rights, beyond the device's end), EHWPOISON.
  Result<void> touch(void* address, bool write) const;

  [[nodiscard]] bool contains(const void* address) const;
  [[nodiscard]] bool is_mapped(const void* owner) const;

private:
  struct Range {
    std::uint64_t length = 0;
    const void* owner = nullptr;
  };
  using Ranges = std::map<std::uint64_t, Range>; // by start
  [[nodiscard]] Ranges::const_iterator find(const void* address) const;
  [[nodiscard]] bool is_whole(const void* address, std::uint64_t length) const;

  mutable std::mutex lock_;
  Ranges ranges_;
};

} // namespace daxemu::api
