// The part of a report that says what was refused, when, why, and what to do.
#pragma once

#include <string>

#include "runtime/cli/report/run_history.hpp"

namespace daxemu::cli {

// Empty: nothing was.
[[nodiscard]] std::string refusals_part(const RunHistory& history);

} // namespace daxemu::cli
