#include "emu/base/processor.hpp"

#include <atomic>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace daxemu {
namespace {

bool ask_for_avx2() noexcept {
#if defined(__x86_64__)
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) {
    return false;
  }
  unsigned low = 0; // of XCR0, which has what the kernel keeps
  unsigned high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr unsigned kSseAndAvx = 6;
  return (low & kSseAndAvx) == kSseAndAvx && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_AVX2) != 0;
#else
  return false;
#endif
}

enum class Answer : int { not_asked, no, yes };

} // namespace

bool has_avx2() noexcept {
  static constinit std::atomic<Answer> known{Answer::not_asked};
  Answer answer = known.load(std::memory_order_relaxed);
  if (answer == Answer::not_asked) {
    answer = ask_for_avx2() ? Answer::yes : Answer::no;
    known.store(answer, std::memory_order_relaxed);
  }
  return answer == Answer::yes;
}

} // namespace daxemu
