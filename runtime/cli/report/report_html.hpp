// A run as one HTML file that loads nothing.
#pragma once

#include <string>

#include "runtime/cli/report/report_numbers.hpp"
#include "runtime/cli/report/run_history.hpp"

namespace daxemu::cli {

// `before`: another run, to put beside it.
[[nodiscard]] std::string report_html(const RunHistory& history, const RunNumbers* before = nullptr);

// What happened besides, as a part of it.
[[nodiscard]] std::string happenings_part(const RunHistory& history);

// "340 ns", "12.5 us", "3.2 ms", "1.75 s"
[[nodiscard]] std::string duration_text(double us);

} // namespace daxemu::cli
