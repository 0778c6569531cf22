// Programs whose supervisor has been killed: their calls would be answered with ENOSYS, or never.
#pragma once

#include "runtime/supervise/install/listener.hpp"

namespace daxemu::supervise {

// Ends, with a line on its own standard error, each program that is owed an answer or makes a call of the filter's from
// now on; until the last one of the listener has ended.
void end_orphans(const Listener& listener);

} // namespace daxemu::supervise
