// What was recovered after processes that died, a line each on stderr.
#pragma once

#include <string>

#include "emu/store/store.hpp"

namespace daxemu::cli {

// Each recovery is told once, by the first command that opens the platform afterwards.
void tell_recoveries(const store::Store& store);

} // namespace daxemu::cli
