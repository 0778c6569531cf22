#include "emu/mm/page.hpp"

#include <algorithm>

namespace daxemu::mm {

void fill_pages(PagePtr* pages, PagePtr first, std::size_t count) {
  std::uint64_t next = page_bits(first);
  // Blocks of a fixed size, which the compiler turns into wide stores, then the rest one by one.
  constexpr std::size_t kBlock = 64;
  std::size_t at = 0;
  for (; at + kBlock <= count; at += kBlock) {
    for (std::size_t in = 0; in < kBlock; ++in) {
      pages[at + in] = reinterpret_cast<PagePtr>(next + in * kStructPageSize);
    }
    next += kBlock * kStructPageSize;
  }
  for (; at < count; ++at, next += kStructPageSize) {
    pages[at] = reinterpret_cast<PagePtr>(next);
  }
}

std::size_t consecutive_pages(const PagePtr* pages, std::size_t count) {
  if (count == 0) {
    return 0;
  }
  // Whole blocks without an early exit (which would keep the loop from being vectorised), then the rest one by one.
  constexpr std::size_t kBlock = 64;
  const std::uint64_t base = page_bits(pages[0]);
  std::size_t at = 0;
  while (at + kBlock <= count) {
    std::uint64_t difference = 0;
    for (std::size_t in = 0; in < kBlock; ++in) {
      difference |= page_bits(pages[at + in]) ^ (base + (at + in) * kStructPageSize);
    }
    if (difference != 0) {
      break;
    }
    at += kBlock;
  }
  while (at < count && page_bits(pages[at]) == base + at * kStructPageSize) {
    ++at;
  }
  return at;
}

} // namespace daxemu::mm
