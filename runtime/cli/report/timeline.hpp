// The axis of time that all pictures of a report share.
#pragma once

#include "runtime/cli/report/html.hpp"

namespace daxemu::cli {

inline constexpr double kWidth = 1080;
inline constexpr double kLeft = 70; // where plots begin
inline constexpr double kPlot = kWidth - kLeft - 10;

// Lines from `top` to `y` at round times, which stand below.
void draw_times(Svg& svg, double length_us, double y, double top);

} // namespace daxemu::cli
