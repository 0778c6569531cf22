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
// jumps lead: byte by byte, with branches that are not taken as a rule, and no strlen(3).
namespace detail {

// Is there `First`, and behind it what is a `Second` once its lowest bit is set? As if a `before` came before the text.
template <char First, char Second>
[[nodiscard, gnu::always_inline]] inline bool has_pair(const char* text, char before = '\0') {
  constexpr unsigned kByte = 8;
  constexpr unsigned kBoth = 0xffff;
  unsigned pair = static_cast<unsigned char>(before);
#pragma GCC unroll 8
  for (; *text != '\0'; ++text) {
    pair = (pair << kByte | static_cast<unsigned char>(*text)) & kBoth;
    if ((pair | 1U) == (static_cast<unsigned>(First) << kByte | static_cast<unsigned>(Second))) [[unlikely]] {
      return true;
    }
  }
  return false;
}

} // namespace detail

// Is there ".." (or "./")?
[[nodiscard, gnu::always_inline]] inline bool may_go_up(const char* path) {
  return detail::has_pair<'.', '/'>(path);
}

// An absolute path that begins with none of /dev, /sys and /proc, and cannot lead there by its text.
[[nodiscard, gnu::always_inline]] inline bool leads_elsewhere(const char* path) {
  const char first = path[1];
  return first != 'd' && first != 's' && first != 'p' && !detail::has_pair<'/', '/'>(path + 1, '/');
}

} // namespace daxemu::preload
