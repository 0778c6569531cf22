// The library is loaded: everything that must not wait until it is needed, before the program's own code runs.
#include <pthread.h>

#include "emu/base/program/at_start.hpp"
#include "emu/base/program/valgrind.hpp"
#include "runtime/preload/directories/directories.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"
#include "runtime/preload/streams/stream_calls.hpp"

// What pthread_atfork(3) is, but for a page of code that this library would have for it alone (libc_nonshared.a).
extern "C" int __register_atfork(void (*before)(), void (*in_parent)(), void (*in_child)(), // NOLINT: libc's
                                 void* library) noexcept;
extern "C" void* __dso_handle __attribute__((visibility("hidden"))); // NOLINT: the linker's

namespace {

using daxemu::preload::Directories;
using daxemu::preload::OwnProcess;
using daxemu::preload::VnodeFiles;

DAXEMU_START_PATH void before_fork() {
  VnodeFiles::settle_all(); // the child has the same descriptions
  Directories::before_fork();
}
DAXEMU_START_PATH void in_child() {
  OwnProcess::adopt();
  Directories::after_fork();
}

__attribute__((constructor)) DAXEMU_START_PATH void loaded() {
  daxemu::sys::keep_race_checkers_off_own_data();
  daxemu::preload::settle_standard_streams();
  (void)__register_atfork(before_fork, Directories::after_fork, in_child, &__dso_handle);
}

} // namespace

// What is called when the program ends (DT_FINI): nothing, and not in a page that nobody else needs, as crti.o has it.
extern "C" __attribute__((visibility("hidden"), used)) DAXEMU_START_PATH void daxemu_at_end() {}

// In a sanitized build: the runtime asks before it is up, and in children whose environment has no options. Signals are
// left to the program, whose own are what we are about; and the runtime's handlers would be installed through our
// hooks, which need the runtime. Other people's programs leak.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DAXEMU_OPTIONS(name, options)                                                                                  \
  extern "C" __attribute__((visibility("default"), no_sanitize_address, no_sanitize_undefined, no_sanitize_thread))    \
  const char*                                                                                                          \
  name() {                                                                                                             \
    return options;                                                                                                    \
  }
#define DAXEMU_NO_SIGNALS "handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigill=0:handle_sigfpe=0"
DAXEMU_OPTIONS(__asan_default_options, "detect_leaks=0:use_sigaltstack=0:" DAXEMU_NO_SIGNALS)
DAXEMU_OPTIONS(__tsan_default_options, "die_after_fork=0:use_sigaltstack=0:" DAXEMU_NO_SIGNALS)
DAXEMU_OPTIONS(__ubsan_default_options, "halt_on_error=1:print_stacktrace=1")
#endif
