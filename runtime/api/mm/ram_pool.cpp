#include "runtime/api/mm/ram_pool.hpp"

#include <algorithm>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>

namespace daxemu::api {
namespace {

constexpr std::uint64_t kPages = 1ULL << 20;    // 4 GiB of room
constexpr std::uint64_t kFirstPfn = 1ULL << 34; // far above any device

Result<UniqueFd> memory_file(const char* name, std::uint64_t size) {
  auto raw = sys::memfd_create(name, MFD_CLOEXEC);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  UniqueFd fd(*raw);
  if (auto sized = sys::ftruncate(fd.get(), size); !sized) {
    return tl::unexpected(sized.error());
  }
  return fd;
}

} // namespace

Result<std::unique_ptr<RamPool>> RamPool::create(mm::MemMap& map) {
  std::unique_ptr<RamPool> pool(new RamPool());
  auto fd = memory_file("daxemu-ram", kPages * kPageSize);
  auto folios = memory_file("daxemu-ram.folios", mm::FolioTable::file_size(kPages));
  if (!fd || !folios) {
    return fail(ENOMEM);
  }
  auto table = mm::FolioTable::map(folios->get(), kPages);
  auto bytes = Mapping::of(fd->get(), kPages * kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE);
  if (!table || !bytes) {
    return fail(ENOMEM);
  }
  mm::DevicePages::Spec spec;
  spec.ranges = {{Pfn(kFirstPfn), kPages, 0}};
  spec.folios = std::move(*table);
  spec.direct_map = bytes->bytes().data();
  auto pages = mm::DevicePages::make(std::move(spec));
  if (!pages) {
    return fail(pages.error().code);
  }
  if (auto added = map.add(*pages); !added) {
    return tl::unexpected(added.error());
  }
  pool->fd_ = std::move(*fd);
  pool->folios_ = std::move(*folios);
  pool->direct_map_ = std::move(*bytes);
  pool->pages_ = std::move(*pages);
  return pool;
}

Result<std::uint64_t> RamPool::allocate() {
  const std::lock_guard lock(mutex_);
  const auto free = std::find_if(released_.begin(), released_.end(), [&](std::uint64_t page) {
    return mm::counts_of(pages_->folios()[ExtentIndex(page)]).refs == 0;
  });
  if (free != released_.end()) {
    const std::uint64_t page = *free;
    released_.erase(free);
    (void)sys::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page * kPageSize, kPageSize);
    return page;
  }
  if (next_ == kPages) {
    return fail(ENOMEM);
  }
  return next_++;
}

void RamPool::release(std::uint64_t page) {
  const std::lock_guard lock(mutex_);
  released_.push_back(page);
}

void RamPool::mapped(std::uint64_t page) {
  pages_->folios()[ExtentIndex(page)].mapcount.fetch_add(1);
}
bool RamPool::unmapped(std::uint64_t page) {
  return pages_->folios()[ExtentIndex(page)].mapcount.fetch_sub(1) == 1;
}

Result<void> RamPool::map_at(void* address, std::uint64_t page, std::uint64_t nr_pages, int prot) const {
  const auto mapped =
      sys::mmap(address, nr_pages * kPageSize, prot, MAP_SHARED | MAP_FIXED, fd_.get(), page * kPageSize);
  return mapped ? Result<void>() : tl::unexpected(mapped.error());
}

} // namespace daxemu::api
