// How an interposed function is defined. It gets a C++ name of its own and the libc symbol by an asm label, so that
// libc's own declarations (attributes, redirections to the 64 variants) never get in the way. Only these symbols leave
// the library: everything else is in static archives linked with --exclude-libs.
//
//   DAXEMU_HOOK(int, close, (int fd)) { return daxemu::preload::descriptors().close(fd); }
//
// A hook holds no logic: one forward to a plain class of runtime/preload or runtime/fault.
#pragma once

#define DAXEMU_HOOK(result, name, parameters)                                                                          \
  extern "C" __attribute__((visibility("default"), used)) result daxemu_hook_##name parameters __asm__(#name);         \
  extern "C" result daxemu_hook_##name parameters
