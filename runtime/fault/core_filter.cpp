#include "runtime/fault/core_filter.hpp"

#include <array>
#include <charconv>

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/sys.hpp"
#include "emu/base/unique_fd.hpp"
#include "runtime/fault/address_space.hpp"
#include "runtime/fault/vma_reach.hpp"

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

void AddressSpace::follow_core_filter() {
  if (!CoreFilter::read()) {
    return;
  }
  const TableGuard guard(lock_);
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    CoreFilter::mark(vma.start, vma.end, CoreFilter::dumps(vma));
  }
}

void AddressSpace::prepare_core_dump() {
  follow_core_filter();
  const TableGuard guard(lock_);
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    // What is yet to be brought stays a hole, which is not dumped; the rest is shown as others see it.
    if (vma.has(kRegistered) && !vma.view->has_image() && vma.view->hooks() == nullptr) {
      (void)server_.uffd().unwatch(vma.start, backed_length(vma));
    }
  }
}

} // namespace daxemu::fault
