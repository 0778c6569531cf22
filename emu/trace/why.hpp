// Why a call is about to be refused: noted by the function that refuses it, beside the errno, and taken by whoever
// hands that to the program. Where nobody wants to know (which is the rule) it is one load and one branch of a call
// that fails; calls that succeed pay nothing. Async-signal-safe; nothing is allocated.
#pragma once

#include <cstdint>
#include <string_view>

#include "emu/base/result.hpp"
#include "emu/trace/trace.hpp"

namespace daxemu::trace {

// The texts are the reader's: runtime/cli/explain.
enum class Reason : std::uint16_t {
  none, // the refusing function has noted nothing
#define DAXEMU_REASON(name, ...) name,
#include "emu/trace/reasons.def"
#undef DAXEMU_REASON
};

inline constexpr std::uint32_t kNoDevice = UINT32_MAX;

struct Why {
  Reason reason = Reason::none;
  std::uint64_t a = 0; // what they are is said by the reason's texts
  std::uint64_t b = 0;
  std::uint64_t c = 0;
  std::uint32_t minor = kNoDevice; // of the device, where the refusing function knows it
};

// Somebody reads reasons: `daxemu run --explain`, `trace` or `report`.
[[nodiscard]] inline bool explains() {
  return refusals() != nullptr;
}

namespace detail {
// All zeros where nothing is pending: a thread's variable that is anything else is a page that every program reads when
// it starts.
struct Pending {
  Reason reason = Reason::none;
  std::uint32_t beyond_minor = 0; // ~minor: 0 is kNoDevice
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::uint64_t c = 0;
  int error = 0;
};
[[nodiscard]] constexpr Pending pending_of(const Why& why, int error) {
  return {why.reason, ~why.minor, why.a, why.b, why.c, error};
}
[[nodiscard]] constexpr Why why_of(const Pending& noted) {
  return {noted.reason, noted.a, noted.b, noted.c, ~noted.beyond_minor};
}
__attribute__((tls_model("initial-exec"))) inline thread_local constinit Pending pending{};
void tell_refusal(const Ring& to, int error, const char* call);
} // namespace detail

// What a function returns that refuses: fail(error), and the reason noted.
[[nodiscard]] inline tl::unexpected<Errno> because(int error, const Why& why) {
  if (explains()) [[unlikely]] {
    detail::pending = detail::pending_of(why, error);
  }
  return fail(error);
}
[[nodiscard]] inline tl::unexpected<Errno> because(int error, Reason reason) {
  return because(error, Why{.reason = reason});
}
// What was refused is about the device `minor`: for those who know it when the refusing function did not.
inline void refused_of(std::uint32_t minor) {
  if (explains() && detail::pending.beyond_minor == ~kNoDevice) [[unlikely]] {
    detail::pending.beyond_minor = ~minor;
  }
}

// The reason that was noted for `error`, taken: it is told once. None if another error was noted last.
[[nodiscard]] Why take_why(int error);
// A refusal of before was no error in the end.
inline void forget_why() {
  if (explains()) [[unlikely]] {
    detail::pending = {};
  }
}

// The program's call is about to fail with `error`: the event `refusal`, if a reason was noted for it. `call`: its
// name; nullptr: that of the hook (CallSite), or what the reason says.
inline void tell_refusal(int error, const char* call = nullptr) {
  if (const Ring* to = refusals(); to != nullptr) [[unlikely]] {
    detail::tell_refusal(*to, error, call);
  }
}
// A touch at `address` is about to be SIGBUS, by the instruction at `code`.
void tell_sigbus(const Why& why, std::uint64_t address, std::uint64_t code);

} // namespace daxemu::trace
