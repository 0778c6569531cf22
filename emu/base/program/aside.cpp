#include "emu/base/program/aside.hpp"

#include <atomic>

#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/base/program/valgrind.hpp"
#include "emu/base/units.hpp"

namespace daxemu::sys {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool kPlaced = false; // its shadow covers only where the kernel puts things by itself
#else
constexpr bool kPlaced = true;
#endif

DAXEMU_AT_START constinit std::atomic<std::uintptr_t> next{0};

// Both ends are random where addresses are, and so is what lies between them.
std::uintptr_t middle() {
  const auto data_end = call(SYS_brk, 0);
  const auto library = reinterpret_cast<std::uintptr_t>(&next);
  const auto low = data_end ? static_cast<std::uintptr_t>(*data_end) : 0;
  return (low / 2 + library / 2) & ~(kPageSize - 1);
}

} // namespace

DAXEMU_START_PATH Result<void*> mmap_aside(std::size_t length, int prot, int flags, int fd, std::uint64_t offset) {
  std::uintptr_t place = 0;
  if (kPlaced) {
    std::uintptr_t unset = 0;
    if (next.load(std::memory_order_relaxed) == 0) {
      next.compare_exchange_strong(unset, middle(), std::memory_order_relaxed);
    }
    const std::size_t pages = (length + kPageSize - 1) / kPageSize + 1; // one stays free behind it
    place = next.fetch_add(pages * kPageSize, std::memory_order_relaxed);
  }
  auto mapped =
      mmap(reinterpret_cast<void*>(place), length, prot, flags, fd, offset); // NOLINT(performance-no-int-to-ptr)
  if (mapped) {
    keep_race_checkers_off(*mapped, length);
  }
  return mapped;
}

Result<Mapping> map_aside(int fd, std::size_t length, int prot, int flags, std::uint64_t offset) {
  auto address = mmap_aside(length, prot, flags, fd, offset);
  if (!address) {
    return tl::unexpected(address.error());
  }
  return Mapping(*address, length);
}

} // namespace daxemu::sys
