// Strong types, so that a byte offset, an extent number and a page frame number cannot be mixed up.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>

namespace daxemu {

template <class Tag>
class Strong {
public:
  constexpr Strong() = default;
  constexpr explicit Strong(std::uint64_t value) : value_(value) {}
  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
  // NOLINTNEXTLINE(modernize-use-nullptr): of the 0 that the compiler compares the result with
  friend constexpr auto operator<=>(Strong, Strong) = default;
  friend constexpr Strong operator+(Strong a, std::uint64_t delta) { return Strong(a.value_ + delta); }
  friend constexpr std::uint64_t operator-(Strong a, Strong b) { return a.value_ - b.value_; }
  constexpr Strong& operator++() {
    ++value_;
    return *this;
  }

private:
  std::uint64_t value_ = 0;
};

using ByteOffset = Strong<struct ByteOffsetTag>;   // bytes from the start of a device (what mmap's offset means)
using ExtentIndex = Strong<struct ExtentIndexTag>; // number of an extent within its device, 0 first
using Pfn = Strong<struct PfnTag>;                 // page frame number: emulated physical address / 4096
using PhysAddr = Strong<struct PhysAddrTag>;       // emulated physical address, bytes

inline constexpr std::uint64_t kPageShift = 12;
inline constexpr std::uint64_t kPageSize = 1ULL << kPageShift;
inline constexpr std::uint64_t kPmdSize = 1ULL << 21;
inline constexpr std::uint64_t kPudSize = 1ULL << 30;

[[nodiscard]] constexpr bool is_aligned(std::uint64_t value, std::uint64_t power_of_two) {
  return (value & (power_of_two - 1)) == 0;
}
[[nodiscard]] constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t power_of_two) {
  return value & ~(power_of_two - 1);
}
[[nodiscard]] constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t power_of_two) {
  return align_down(value + power_of_two - 1, power_of_two);
}
// rounddown(), roundup() of include/linux/math.h: by any step, as that of three DIMMs together, which is no power of
// two.
[[nodiscard]] constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t step) {
  return value - value % step;
}
[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return round_down(value + step - 1, step);
}
// log2 of a power of two: the order of an extent in bytes, si_addr_lsb of a poisoned one.
[[nodiscard]] constexpr unsigned log2_of(std::uint64_t power_of_two) {
  return static_cast<unsigned>(std::countr_zero(power_of_two));
}

} // namespace daxemu
