#include "runtime/fault/mappings/core_filter.hpp"

#include <array>
#include <charconv>

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::fault {

constinit std::atomic<std::uint32_t> CoreFilter::filter_{0};

bool CoreFilter::read() noexcept {
  auto raw = sys::open("/proc/self/coredump_filter", O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return false;
  }
  const UniqueFd file(*raw);
  std::array<char, 16> text{}; // eight hexadecimal digits
  const auto got = sys::pread(file.get(), text.data(), text.size(), 0);
  std::uint32_t filter = 0;
  if (!got || std::from_chars(text.data(), text.data() + *got, filter, 16).ec != std::errc()) {
    return false;
  }
  return filter_.exchange(filter, std::memory_order_relaxed) != filter;
}

void CoreFilter::mark(std::uint64_t start, std::uint64_t end, bool dumped) noexcept {
  (void)sys::madvise(reinterpret_cast<void*>(start), end - start, dumped ? MADV_DODUMP : MADV_DONTDUMP);
}

} // namespace daxemu::fault
