// The library is loaded: everything that must not wait until it is needed, before the program's own code runs.
#include <dlfcn.h>
#include <pthread.h>

#include "runtime/preload/context.hpp"
#include "runtime/preload/directories.hpp"
#include "runtime/preload/real.hpp"

// The linker's names for both ends of the section that DAXEMU_REAL fills.
extern "C" {
extern const daxemu::preload::RealSymbol* const __start_daxemu_reals[] __attribute__((visibility("hidden")));
extern const daxemu::preload::RealSymbol* const __stop_daxemu_reals[] __attribute__((visibility("hidden")));
}

namespace {

using daxemu::preload::Directories;

__attribute__((constructor)) void loaded() {
  for (const auto* const* symbol = __start_daxemu_reals; symbol != __stop_daxemu_reals; ++symbol) {
    (void)(*symbol)->find();
  }
  (void)::dlerror(); // what this libc does not have is no error of the program's
  (void)daxemu::preload::Context::get();
  ::pthread_atfork(Directories::before_fork, Directories::after_fork, Directories::after_fork);
}

} // namespace
