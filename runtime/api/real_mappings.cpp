#include "runtime/api/real_mappings.hpp"

#include <algorithm>

#include <sys/mman.h>

#include "emu/base/sys.hpp"
#include "emu/base/units.hpp"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace daxemu::api {

RealMappings::Ranges::const_iterator RealMappings::find(const void* address) const {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto after = ranges_.upper_bound(at);
  if (after == ranges_.begin()) {
    return ranges_.end();
  }
  const auto before = std::prev(after);
  return at - before->first < before->second.length ? before : ranges_.end();
}

bool RealMappings::is_whole(const void* address, std::uint64_t length) const {
  const auto range = ranges_.find(reinterpret_cast<std::uint64_t>(address));
  return range != ranges_.end() && range->second.length == length;
}

Result<void*> RealMappings::map(const void* owner, int fd, std::uint64_t length, int prot, std::uint64_t offset) {
  const std::lock_guard guard(lock_);
  const auto mapped = sys::mmap(nullptr, length, prot, MAP_SHARED, fd, offset);
  if (mapped) {
    ranges_[reinterpret_cast<std::uint64_t>(*mapped)] = {length, owner};
  }
  return mapped;
}

Result<void> RealMappings::unmap(void* address, std::uint64_t length) {
  const std::lock_guard guard(lock_);
  if (!is_whole(address, length)) {
    return fail(EINVAL);
  }
  auto done = sys::munmap(address, length);
  if (done) {
    ranges_.erase(reinterpret_cast<std::uint64_t>(address));
  }
  return done;
}

Result<void> RealMappings::protect(void* address, std::uint64_t length, int prot) {
  const std::lock_guard guard(lock_);
  return is_whole(address, length) ? sys::mprotect(address, length, prot) : Result<void>(fail(EINVAL));
}

Result<void> RealMappings::touch(void* address, bool write) const {
  const std::lock_guard guard(lock_);
  if (find(address) == ranges_.end()) {
    return fail(EFAULT);
  }
  auto* const page = reinterpret_cast<void*>(reinterpret_cast<std::uint64_t>(address) & ~(kPageSize - 1));
  const auto done = sys::madvise(page, kPageSize, write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
  // The advice says EINVAL for a mapping without that right; a touch says EFAULT.
  return done || done.error() == Errno{EHWPOISON} ? done : fail(EFAULT);
}

bool RealMappings::contains(const void* address) const {
  const std::lock_guard guard(lock_);
  return find(address) != ranges_.end();
}

bool RealMappings::is_mapped(const void* owner) const {
  const std::lock_guard guard(lock_);
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& range) { return range.second.owner == owner; });
}

} // namespace daxemu::api
