// A run as one HTML file that loads nothing.
#pragma once

#include <string>

#include "runtime/cli/report/run_history.hpp"

namespace daxemu::cli {

[[nodiscard]] std::string report_html(const RunHistory& history);

// "340 ns", "12.5 us", "3.2 ms", "1.75 s"
[[nodiscard]] std::string duration_text(double us);

} // namespace daxemu::cli
