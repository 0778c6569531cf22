// Memory of the emulated machine itself, where the data of device pages goes when it has to leave them.
#pragma once

#include <memory>
#include <mutex>

#include "emu/mm/mem_map.hpp"

namespace daxemu::api {

class RamPool {
public:
  // Sparse: costs what is used. Errors: memfd_create(2)'s, mmap(2)'s.
  [[nodiscard]] static Result<std::unique_ptr<RamPool>> create(mm::MemMap& map);

  // Pages of the pool for `nr_pages` pages: the first one's number. Errors: ENOMEM.
  [[nodiscard]] Result<std::uint64_t> allocate(std::uint64_t nr_pages);
  // Maps them in place of what is at `address`. Errors: mmap(2)'s.
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
};

} // namespace daxemu::api
