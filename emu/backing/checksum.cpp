#include "emu/backing/checksum.hpp"

#include <atomic>

#include "emu/backing/checksum_wide.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace daxemu::backing {
namespace {

// Does the processor have AVX2, and does the kernel keep its registers (XCR0 has SSE and AVX)? Not by the compiler's
// __builtin_cpu_supports(): that asks in a constructor, in every process.
bool has_avx2() {
#if defined(__x86_64__)
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) {
    return false;
  }
  unsigned low = 0;
  unsigned high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr unsigned kSseAndAvx = 6;
  return (low & kSseAndAvx) == kSseAndAvx && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_AVX2) != 0;
#else
  return false;
#endif
}

enum class Code : int { unknown, plain, avx2 };

bool is_wide() {
  static constinit std::atomic<Code> known{Code::unknown};
  Code code = known.load(std::memory_order_relaxed);
  if (code == Code::unknown) {
    code = wide::is_there() && has_avx2() ? Code::avx2 : Code::plain;
    known.store(code, std::memory_order_relaxed);
  }
  return code == Code::avx2;
}

XXH3_state_t* state_of(std::byte* bytes) {
  return reinterpret_cast<XXH3_state_t*>(bytes);
}

} // namespace

Checksum::Checksum() { // NOLINT(cppcoreguidelines-pro-type-member-init): by the reset
  static_assert(sizeof(XXH3_state_t) <= kSize && alignof(XXH3_state_t) <= kAlignment);
  XXH3_INITSTATE(state_of(state_.data()));
  XXH3_64bits_reset(state_of(state_.data()));
}

void Checksum::add(std::span<const std::byte> bytes) {
  if (is_wide()) {
    wide::add(state_.data(), bytes.data(), bytes.size());
  } else {
    XXH3_64bits_update(state_of(state_.data()), bytes.data(), bytes.size());
  }
}

std::uint64_t Checksum::value() const {
  return XXH3_64bits_digest(reinterpret_cast<const XXH3_state_t*>(state_.data()));
}

std::uint64_t Checksum::of(std::span<const std::byte> bytes) {
  return is_wide() ? wide::of(bytes.data(), bytes.size()) : XXH3_64bits(bytes.data(), bytes.size());
}

} // namespace daxemu::backing
