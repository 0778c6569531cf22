// How an interposed function is defined. It gets a C++ name of its own and the libc symbol by an asm label, so that
// libc's own declarations (attributes, redirections to the 64 variants) never get in the way. Only these symbols leave
// the library: everything else is in static archives linked with --exclude-libs.
//
//   DAXEMU_HOOK(int, close, (int fd)) { return daxemu::preload::descriptors().close(fd); }
//
// A hook holds no logic: one forward to a plain class of runtime/preload or runtime/fault.
#pragma once

#include "emu/base/program/at_start.hpp"

#define DAXEMU_HOOK(result, name, parameters) DAXEMU_HOOK_IN(, result, name, parameters)
#define DAXEMU_HOOK_IN(place, result, name, parameters)                                                                \
  extern "C" __attribute__((visibility("default"), used)) place result daxemu_hook_##name parameters __asm__(#name);   \
  extern "C" result daxemu_hook_##name parameters

// Another name of a hook of this file: what the C library exports it as too.
#define DAXEMU_ALIAS(name, other)                                                                                      \
  extern "C" __attribute__((visibility("default"), used,                                                               \
                            alias(#name))) decltype(daxemu_hook_##name) daxemu_hook_##other __asm__(#other);

// A call that most programs make for their own purposes, and often. If `plain` (over the parameters, decided before the
// system call) it ends in a jump to the C library: nothing of ours has to return after the system call, when the
// processor has forgotten where to (the kernel's defences against speculation), which costs some 20 ns for each caller.
// What follows the macro is the body of the other half, out of line because it borrows locals; `caller` is where the
// hook returns to.
// Nothing is kept over a call there, so that nothing is saved: what looks the function up is out of line too.
#define DAXEMU_SPLIT_HOOK(result, name, declared, passed, plain)                                                       \
  DAXEMU_SPLIT_HOOK_WITH(result, name, declared, passed, plain, )
// The same, with what is tried before that jump.
#define DAXEMU_SPLIT_HOOK_WITH(result, name, declared, passed, plain, tried)                                           \
  [[gnu::noinline]] static result other_##name(DAXEMU_BARE declared, const void* caller);                              \
  [[gnu::noinline]] static result first_##name declared {                                                              \
    return real_##name passed;                                                                                         \
  }                                                                                                                    \
  DAXEMU_HOOK_IN(DAXEMU_START_PATH, result, name, declared) {                                                          \
    if (plain) [[likely]] {                                                                                            \
      tried auto* const known = real_##name.known();                                                                   \
      return known != nullptr ? known passed : first_##name passed;                                                    \
    }                                                                                                                  \
    return other_##name(DAXEMU_BARE passed, __builtin_return_address(0));                                              \
  }                                                                                                                    \
  static result other_##name(DAXEMU_BARE declared, [[maybe_unused]] const void* caller)
#define DAXEMU_BARE(...) __VA_ARGS__
