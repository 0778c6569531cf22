#include "runtime/fault/memory/residence.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {

bool any_present(std::uint64_t start, std::uint64_t end) {
  constexpr std::uint64_t kPresent = 1ULL << 63;
  auto raw = sys::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return true;
  }
  const UniqueFd fd(*raw);
  std::array<std::uint64_t, 512> entries;
  for (std::uint64_t page = start / kPageSize; page < end / kPageSize;) {
    const std::size_t wanted = std::min<std::size_t>(entries.size(), end / kPageSize - page);
    auto got = sys::pread(fd.get(), entries.data(), wanted * sizeof(entries[0]), page * sizeof(entries[0]));
    const std::size_t count = got ? *got / sizeof(entries[0]) : 0;
    if (count == 0) {
      return true;
    }
    for (std::size_t at = 0; at < count; ++at) {
      if ((entries[at] & kPresent) != 0) {
        return true;
      }
    }
    page += count;
  }
  return false;
}

bool all_present(std::uint64_t start, std::uint64_t end) {
  while (start < end && any_present(start, start + kPageSize)) {
    start += kPageSize;
  }
  return start >= end;
}

} // namespace daxemu::fault
