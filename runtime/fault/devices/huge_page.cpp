#include "runtime/fault/devices/huge_page.hpp"

#include <algorithm>
#include <array>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/clock.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint64_t kTooLong = 700'000; // ns
constexpr std::size_t kPages = kPmdSize / kPageSize;

bool all_there(std::span<std::byte> bytes) {
  std::array<unsigned char, kPages> pages{};
  return sys::call(SYS_mincore, reinterpret_cast<long>(bytes.data()), static_cast<long>(bytes.size()),
                   reinterpret_cast<long>(pages.data())) &&
         std::ranges::all_of(pages, [](unsigned char page) { return (page & 1U) != 0; });
}

} // namespace

Result<HugePage> HugePage::make(std::span<std::byte> place, int bytes, std::uint64_t offset) {
  const auto mapped =
      sys::mmap(place.data(), kPmdSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, bytes, offset);
  if (!mapped) {
    return tl::unexpected(mapped.error());
  }
  HugePage page(place.first(kPmdSize));
  const std::uint64_t begin = clock_ns(CLOCK_MONOTONIC);
  for (const auto& [length, advice] : {std::pair{kPmdSize, MADV_HUGEPAGE}, std::pair{kPageSize, kPopulateWrite}}) {
    if (auto done = sys::madvise(place.data(), length, advice); !done) {
      return tl::unexpected(done.error());
    }
  }
  if (!all_there(page.bytes())) {
    return fail(ENOTSUP);
  }
  page.slow_ = clock_ns(CLOCK_MONOTONIC) - begin > kTooLong;
  return page;
}

HugePage::~HugePage() {
  if (!bytes_.empty()) {
    (void)sys::mmap(bytes_.data(), bytes_.size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
                    -1, 0);
  }
}

} // namespace daxemu::fault
