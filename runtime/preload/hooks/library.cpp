// The library is loaded: make the context before the program's own code runs, and before it has threads.
#include "runtime/preload/context.hpp"

namespace {

__attribute__((constructor)) void loaded() {
  (void)daxemu::preload::Context::get();
}

} // namespace
