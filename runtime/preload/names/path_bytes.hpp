// What the bytes of a path tell at once: most paths of most programs are none that could lead to a node, and the calls
// that take them are to be told so in some twenty instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "emu/sysfs/tree/dev_claims.hpp"

namespace daxemu::preload {

namespace detail {

// Of `Size` places at once, of which each has a byte behind it: is one of them a `First`, and behind it what is a
// `Second` once its lowest bit is set?
template <char First, char Second, std::size_t Size>
[[nodiscard]] inline bool has_pair_at(const char* at) {
#if defined(__SSE2__)
  const auto load = [](const char* from) {
    const auto* const place = reinterpret_cast<const __m128i*>(from);
    return Size == sizeof(__m128i) ? _mm_loadu_si128(place) : _mm_loadl_epi64(place); // and zeroes: no pair
  };
  if constexpr (Size == sizeof(__m128i) || Size == sizeof(std::uint64_t)) {
    const __m128i here = load(at);
    const __m128i next = load(at + 1);
    const __m128i first = _mm_cmpeq_epi8(here, _mm_set1_epi8(First));
    const __m128i second = _mm_cmpeq_epi8(_mm_or_si128(next, _mm_set1_epi8(1)), _mm_set1_epi8(Second));
    return _mm_movemask_epi8(_mm_and_si128(first, second)) != 0;
  }
#endif
  std::uint64_t here = 0;
  std::uint64_t next = 0;
  constexpr std::size_t kWord = Size < sizeof here ? Size : sizeof here;
  bool found = false;
  for (std::size_t word = 0; word < Size; word += kWord) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    const auto zeroes = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes & kOnes << 7U; };
    std::memcpy(&here, at + word, kWord);
    std::memcpy(&next, at + word + 1, kWord);
    found = found || (zeroes(here ^ kOnes * static_cast<std::uint8_t>(First)) &
                      zeroes((next | kOnes) ^ kOnes * static_cast<std::uint8_t>(Second))) != 0;
  }
  return found;
}

// The same of a whole text, which a NUL follows. Not a byte beyond it is looked at: valgrind would tell the program.
template <char First, char Second>
[[nodiscard]] inline bool has_pair(const char* text, std::size_t size) {
  constexpr std::size_t kMany = 16;
  constexpr std::size_t kSome = 8;
  if (size >= kMany) {
    for (std::size_t at = 0; at + kMany <= size; at += kMany) {
      if (has_pair_at<First, Second, kMany>(text + at)) {
        return true;
      }
    }
    return has_pair_at<First, Second, kMany>(text + size - kMany);
  }
  if (size >= kSome) {
    return has_pair_at<First, Second, kSome>(text) || has_pair_at<First, Second, kSome>(text + size - kSome);
  }
  for (std::size_t at = 0; at + 1 < size; ++at) {
    if (text[at] == First && (text[at + 1] | 1) == Second) {
      return true;
    }
  }
  return false;
}

} // namespace detail

// Is there "//", or a component that begins with a dot ('.' | 1 is '/')?
[[nodiscard]] inline bool is_uneven(std::string_view path) {
  return detail::has_pair<'/', '/'>(path.data(), path.size());
}

// The two that follow are asked right after a system call, when the processor has forgotten how branches went and where
// jumps lead: sixteen bytes at a time, with few branches, no strlen(3) and no jump through a pointer.
namespace detail {

#if defined(__SSE2__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool kReadsAround = true;
#else
constexpr bool kReadsAround = false;
#endif

// Is there `First`, and behind it what is a `Second` once its lowest bit is set, in the text that begins there?
template <char First, char Second>
[[nodiscard, gnu::always_inline]] inline bool has_pair(const char* text) {
#if defined(__SSE2__)
  if constexpr (kReadsAround) {
    // Aligned, so that no byte of another page is read; what lies around the text decides nothing. Valgrind's memcheck
    // follows that bit by bit, as it does the C library's own strlen(3).
    const auto each = [](unsigned four) { // not out of a table of constants: that would be one more line to fetch
      __asm__("" : "+r"(four));
      return _mm_set1_epi32(static_cast<int>(four));
    };
    const __m128i first = each(0x01010101U * static_cast<unsigned char>(First));
    const __m128i second = each(0x01010101U * static_cast<unsigned char>(Second));
    const __m128i one = each(0x01010101U);
    constexpr unsigned kAll = 0xffff;
    constexpr unsigned kLast = 15;
    constexpr unsigned kTop = 31;
    const auto place = reinterpret_cast<std::uintptr_t>(text);
    const auto* at = reinterpret_cast<const __m128i*>(place & ~std::uintptr_t{kLast}); // NOLINT: in its page
    unsigned meant = kAll << (place & kLast) & kAll;
    unsigned carried = 0; // the last one of sixteen was a `First`
    for (;;) {
      const __m128i bytes = _mm_load_si128(at++);
      const auto which = [](__m128i equal) { return static_cast<unsigned>(_mm_movemask_epi8(equal)); };
      const unsigned firsts = which(_mm_cmpeq_epi8(bytes, first)) & meant;
      const unsigned seconds = which(_mm_cmpeq_epi8(_mm_or_si128(bytes, one), second));
      const unsigned pairs = (firsts << 1U | carried) & seconds;
      const unsigned ends = which(_mm_cmpeq_epi8(bytes, _mm_setzero_si128())) & meant;
      if (ends != 0) [[likely]] {
        return pairs << (kTop - static_cast<unsigned>(__builtin_ctz(ends))) != 0; // those before the end
      }
      if (pairs != 0) {
        return true;
      }
      carried = firsts >> kLast;
      meant = kAll;
    }
  }
#endif
  bool first = false;
  for (; *text != '\0'; ++text) {
    if (first && (*text | 1) == Second) {
      return true;
    }
    first = *text == First;
  }
  return false;
}

} // namespace detail

// Is there ".." (or "./")?
[[nodiscard, gnu::always_inline]] inline bool may_go_up(const char* path) {
  return detail::has_pair<'.', '/'>(path);
}

// Of a path that begins with "/d": is it none of /dev that could be a node, or lead to an open file?
[[nodiscard, gnu::always_inline]] inline bool is_plain_in_dev(const char* path) {
  return path[2] == 'e' && path[3] == 'v' && path[4] == '/' && path[5] != '\0' &&
         !sysfs::begins_as_node(path[5], path[6]) && !(path[5] == 'f' && path[6] == 'd') &&
         !(path[5] == 's' && path[6] == 't');
}

// An absolute path that begins with none of /dev, /sys and /proc, or is one of the things in /dev that every machine
// has, and cannot lead elsewhere by its text.
[[nodiscard, gnu::always_inline]] inline bool leads_elsewhere(const char* path) {
  const char first = path[1];
  return first != 's' && first != 'p' && (first != 'd' || is_plain_in_dev(path)) && !detail::has_pair<'/', '/'>(path);
}

} // namespace daxemu::preload
