// Where things are on the page of a report, in CSS pixels.
#pragma once

#include <cstddef>

#include "runtime/cli/report/html.hpp"

namespace daxemu::cli {

inline constexpr double kReportWidth = 1080;
inline constexpr double kReportLeft = 70; // where plots begin
inline constexpr double kReportPlot = kReportWidth - kReportLeft - 10;
inline constexpr std::size_t kMostListed = 100;

// The axis of time under a plot of `length_us`: lines from `top`, words under `y`.
void draw_times(Svg& svg, double length_us, double y, double top);

} // namespace daxemu::cli
