#include "emu/mm/page.hpp"

#include <algorithm>

#include <unistd.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "emu/base/processor.hpp"

namespace daxemu::mm {
namespace {

constexpr std::size_t kLinePages = 64 / sizeof(PagePtr); // page handles in a cache line
constexpr std::size_t kBlock = 64;                       // a fixed count, which the compiler turns into wide accesses
constexpr std::size_t kCoreCache = 512UL << 10;          // bytes: longer ones are not expected to be in it
constexpr std::size_t kAhead = 512;                      // page handles: what the next call is expected to be about

// Does a thread go through an array call by call (gup_test takes 512 pages a call into one array of 32 MiB)? One that
// no cache of a core holds is better asked for ahead of its use, to be read or to be written: the locked instructions
// of each call wait until all is written that was before them, with the memory of the one call after that of the other;
// and one that not even the last cache holds is better written past them all: to a cache it is written in half of the
// time. A short one, or one used again for each call, is better left alone.
class LongArray {
public:
  // The next call is about pages[0..count): for how many bytes of handles does it go on where the last ones ended?
  std::size_t passed(const PagePtr* pages, std::size_t count) {
    passed_ = pages == end_ ? passed_ + count : count;
    end_ = pages + count;
    return passed_ * sizeof(PagePtr);
  }

private:
  const PagePtr* end_ = nullptr;
  std::size_t passed_ = 0;
};
__attribute__((tls_model("initial-exec"))) thread_local constinit LongArray written;
__attribute__((tls_model("initial-exec"))) thread_local constinit LongArray read;

// Blocks whose size is known are what the compiler turns into wide accesses: of as many bytes as the function around
// them may use. Of 16 (SSE2) they take longer than the memory they are written to, of 32 they do not: then what a call
// does besides costs no time, for the processor writes meanwhile.
// `ahead`: what the next call will write is asked for, too.
[[gnu::always_inline]] inline void fill_with(PagePtr* pages, std::uint64_t first, std::size_t count, bool ahead) {
  std::size_t at = 0;
  for (; at + kBlock <= count; at += kBlock) {
    for (std::size_t line = 0; ahead && line < kBlock; line += kLinePages) {
      __builtin_prefetch(pages + at + kAhead + line, 1);
    }
    for (std::size_t in = 0; in < kBlock; ++in) {
      pages[at + in] = reinterpret_cast<PagePtr>(first + (at + in) * kStructPageSize);
    }
  }
  for (; at < count; ++at) {
    pages[at] = reinterpret_cast<PagePtr>(first + at * kStructPageSize);
  }
}

// Whole blocks of pages[0..count), from the first on, that go on from pages[0]: how many pages. `ahead`: what the next
// call will read is asked for, too.
[[gnu::always_inline]] inline std::size_t consecutive_with(const PagePtr* pages, std::size_t count, bool ahead) {
  // The processor's own reading ahead ends at each 4K. A hint may point anywhere: it does not fault.
  const std::uint64_t base = page_bits(pages[0]);
  std::size_t at = 0;
  while (at + kBlock <= count) {
    for (std::size_t line = 0; ahead && line < kBlock; line += kLinePages) {
      __builtin_prefetch(pages + at + kAhead + line);
    }
    // Without an early exit, which would keep the loop from being vectorised.
    std::uint64_t difference = 0;
    for (std::size_t in = 0; in < kBlock; ++in) {
      difference |= page_bits(pages[at + in]) ^ (base + (at + in) * kStructPageSize);
    }
    if (difference != 0) {
      break;
    }
    at += kBlock;
  }
  return at;
}

#if defined(__x86_64__)
// prfchw: to be written is not to be read first, and shared with nobody; a processor without it does nothing.
__attribute__((target("avx2,prfchw"))) void fill_wide(PagePtr* pages, std::uint64_t first, std::size_t count,
                                                      bool ahead) {
  fill_with(pages, first, count, ahead);
}
__attribute__((target("avx2"))) std::size_t consecutive_wide(const PagePtr* pages, std::size_t count, bool ahead) {
  return consecutive_with(pages, count, ahead);
}
#else
void fill_wide(PagePtr* /*pages*/, std::uint64_t /*first*/, std::size_t /*count*/, bool /*ahead*/) {}
std::size_t consecutive_wide(const PagePtr* /*pages*/, std::size_t /*count*/, bool /*ahead*/) {
  return 0;
}
#endif

void fill_cached(PagePtr* pages, std::uint64_t first, std::size_t count, bool ahead = false) {
  if (count >= kBlock && has_avx2()) {
    fill_wide(pages, first, count, ahead);
  } else {
    fill_with(pages, first, count, ahead);
  }
}

#if defined(__SSE2__)
// Whole cache lines past the caches, without reading them first: nearly half of the time of the plain loop above on an
// array of 32 MiB. The caller writes what lies before the first whole line and after the last one. Returns the pages
// written, whole lines of them.
std::size_t fill_uncached(PagePtr* pages, std::uint64_t first, std::size_t count) {
  const auto step = _mm_set1_epi64x(2 * kStructPageSize);
  const std::uint64_t second = first + kStructPageSize;
  auto two = _mm_set_epi64x(static_cast<long long>(second), static_cast<long long>(first));
  std::size_t at = 0;
  for (; at + kLinePages <= count; at += kLinePages) {
    for (std::size_t in = 0; in < kLinePages; in += 2) {
      _mm_stream_si128(reinterpret_cast<__m128i*>(pages + at + in), two);
      two = _mm_add_epi64(two, step);
    }
  }
  _mm_sfence(); // another thread that is handed the array by a plain store finds it filled
  return at;
}
#endif

} // namespace

std::size_t last_cache_size() {
  constexpr long kLittle = 8L << 20;
  static const long size = ::sysconf(_SC_LEVEL3_CACHE_SIZE); // asks the processor, not the kernel
  return static_cast<std::size_t>(size > 0 ? size : kLittle);
}

void fill_pages(PagePtr* pages, PagePtr first, std::size_t count, std::size_t cache) {
  const std::uint64_t bits = page_bits(first);
  const std::size_t passed = written.passed(pages, count);
  std::size_t at = 0;
#if defined(__SSE2__)
  if (passed > cache) {
    at = std::min<std::size_t>(-(reinterpret_cast<std::uintptr_t>(pages) / sizeof(PagePtr)) % kLinePages, count);
    fill_cached(pages, bits, at);
    at += fill_uncached(pages + at, bits + at * kStructPageSize, count - at);
  }
#endif
  fill_cached(pages + at, bits + at * kStructPageSize, count - at, passed > kCoreCache && at == 0);
}

std::size_t consecutive_pages(const PagePtr* pages, std::size_t count) {
  if (count == 0) {
    return 0;
  }
  const bool ahead = read.passed(pages, count) > kCoreCache;
  const std::uint64_t base = page_bits(pages[0]);
  std::size_t at = has_avx2() ? consecutive_wide(pages, count, ahead) : consecutive_with(pages, count, ahead);
  while (at < count && page_bits(pages[at]) == base + at * kStructPageSize) {
    ++at;
  }
  return at;
}

} // namespace daxemu::mm
