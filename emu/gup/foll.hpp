// FOLL_* flags with the kernel's values (include/linux/mm_types.h; FOLL_PCI_P2PDMA since 6.2, FOLL_HONOR_NUMA_FAULT
// since 6.5), and which of them each call takes.
#pragma once

#include <cstdint>
#include <span>

#include "emu/base/result.hpp"

namespace daxemu::gup {

enum Foll : std::uint32_t {
  FOLL_WRITE = 0x01,
  FOLL_TOUCH = 0x02, // internal
  FOLL_GET = 0x04,
  FOLL_FORCE = 0x10,
  FOLL_NOWAIT = 0x20,
  FOLL_NOFAULT = 0x80,
  FOLL_HWPOISON = 0x100,
  FOLL_TRIED = 0x800,   // internal
  FOLL_REMOTE = 0x2000, // internal
  FOLL_ANON = 0x8000,
  FOLL_LONGTERM = 0x10000,
  FOLL_SPLIT_PMD = 0x20000,
  FOLL_PIN = 0x40000, // internal
  FOLL_FAST_ONLY = 0x80000,
  FOLL_PCI_P2PDMA = 0x100000,
  FOLL_INTERRUPTIBLE = 0x200000,
  FOLL_HONOR_NUMA_FAULT = 0x1000000,
};

// The family of calls a flag is judged for.
enum class Call : std::uint32_t {
  get,        // get_user_pages, get_user_pages_remote
  get_fast,   // get_user_pages_fast
  pin,        // pin_user_pages, pin_user_pages_remote
  pin_fast,   // pin_user_pages_fast
  pin_folios, // pin_user_folios: pin_user_pages_fast without an array
};
[[nodiscard]] constexpr bool is_pin(Call call) {
  return call == Call::pin || call == Call::pin_fast || call == Call::pin_folios;
}
[[nodiscard]] constexpr bool is_fast(Call call) {
  return call == Call::get_fast || call == Call::pin_fast || call == Call::pin_folios;
}

// One reason for EINVAL: `flags` were given (all of them) to one of `calls` (bits by Call).
struct FlagRule {
  std::uint32_t calls;
  std::uint32_t flags;
  const char* kernel;
};
[[nodiscard]] std::span<const FlagRule> flag_rules();

// The flags a walk for `call` runs with, FOLL_GET or FOLL_PIN among them. `has_pages`: an array was given.
// Errors: EINVAL by flag_rules(), for flags the kernel does not know, and for a pin without an array.
[[nodiscard]] Result<std::uint32_t> checked_flags(Call call, std::uint32_t flags, bool has_pages);

} // namespace daxemu::gup
