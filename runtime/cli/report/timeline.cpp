#include "runtime/cli/report/timeline.hpp"

#include <cmath>

#include "runtime/cli/report/report_html.hpp"

namespace daxemu::cli {
namespace {

// 1, 2 or 5 times a power of ten, some five of which are `whole`.
double round_step(double whole) {
  const double power = std::pow(10, std::floor(std::log10(whole / 5)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (power * factor * 6 >= whole) {
      return power * factor;
    }
  }
  return power * 10;
}

} // namespace

void draw_times(Svg& svg, double length_us, double y, double top) {
  if (length_us <= 0) {
    return;
  }
  const double step = round_step(length_us);
  for (double us = 0; us <= length_us; us += step) {
    const double x = kLeft + kPlot * us / length_us;
    svg.line(x, top, x, y + 4, "");
    svg.text(x, y + 16, duration_text(us), "", us == 0 ? "start" : "middle");
  }
}

} // namespace daxemu::cli
