// Memory of the emulated machine itself, where the data of device pages goes when it has to leave them.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "emu/mm/mem_map.hpp"

namespace daxemu::api {

class RamPool {
public:
  // Sparse: costs what is used. Errors: memfd_create(2)'s, mmap(2)'s.
  [[nodiscard]] static Result<std::unique_ptr<RamPool>> create(mm::MemMap& map);

  // A page that reads as zeroes. Errors: ENOMEM.
  [[nodiscard]] Result<std::uint64_t> allocate();
  // It is no longer needed; handed out again once nobody refers to it (pins outlive mappings).
  void release(std::uint64_t page);
  // A mapping has it now, or no longer; the latter returns whether that was the last.
  void mapped(std::uint64_t page);
  [[nodiscard]] bool unmapped(std::uint64_t page);
  // Maps `nr_pages` pages from `page` on in place of what is at `address`. Errors: mmap(2)'s.
  Result<void> map_at(void* address, std::uint64_t page, std::uint64_t nr_pages, int prot) const;
  [[nodiscard]] mm::DevicePages& pages() const { return *pages_; }

private:
  RamPool() = default;
  UniqueFd fd_;
  UniqueFd folios_;
  Mapping direct_map_;
  std::shared_ptr<mm::DevicePages> pages_;
  std::mutex mutex_;
  std::uint64_t next_ = 0;
  std::vector<std::uint64_t> released_;
};

} // namespace daxemu::api
