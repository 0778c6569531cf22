#include "runtime/preload/ground/plain_calls.hpp"

#include "emu/base/at_start.hpp"

namespace daxemu::preload {

DAXEMU_AT_START constinit PlainCalls::State PlainCalls::state_;

} // namespace daxemu::preload
