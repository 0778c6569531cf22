#include "runtime/preload/ground/plain_calls.hpp"

namespace daxemu::preload {

// In the line of the processor's caches that FdTable begins in, which open(2) and close(2) need anyway
// (link/layout.ld).
__attribute__((section(".bss.daxemu_calls"))) constinit PlainCalls::State PlainCalls::state_;

} // namespace daxemu::preload
