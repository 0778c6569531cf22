#include "runtime/cli/report/refusals_part.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/cli/report/report_html.hpp"
#include "runtime/cli/report/report_layout.hpp"

namespace daxemu::cli {
namespace {

// One mark for each on the line of time.
std::string refusals_over_time(const RunHistory& history) {
  Svg svg(kReportWidth, 60, "Refusals over time");
  draw_times(svg, history.length_us, 30, 6);
  const double scale = history.length_us > 0 ? kReportPlot / history.length_us : 0;
  for (const RefusalHistory& refusal : history.refusals) {
    svg.rect(std::min(kReportLeft + refusal.at_us * scale, kReportWidth - 12), 8, 3, 20, "poison",
             fmt::format("{} at {}: {}: {}", refusal.call, duration_text(refusal.at_us), refusal.error, refusal.why));
  }
  return svg.str();
}

std::string process_text(const RefusalHistory& refusal) {
  const std::string who = fmt::format("{}[{}]", refusal.process.empty() ? "?" : refusal.process, refusal.pid);
  return refusal.place.empty() ? who : fmt::format("{} at {}", who, refusal.place);
}

} // namespace

std::string refusals_part(const RunHistory& history) {
  if (history.refusals.empty()) {
    return "";
  }
  std::string out =
      fmt::format("<h2>What was refused</h2>\n<p>Calls and touches with the reason, in the kernel's words where it has "
                  "some.</p>\n{}<div class=\"wide\"><table class=\"stacked\"><tr><th class=\"n\">at</th><th>call</th>"
                  "<th>by</th><th>answer</th><th>why</th><th>what to do</th></tr>\n",
                  refusals_over_time(history));
  const std::size_t shown = std::min(history.refusals.size(), kMostListed);
  for (std::size_t at = 0; at < shown; ++at) {
    const RefusalHistory& refusal = history.refusals[at];
    const std::string row = refusal.row.empty() ? "" : fmt::format(" ({})", refusal.row);
    out += fmt::format("<tr><td class=\"n inline\">{}</td><td class=\"inline\">{}</td><td class=\"inline\">{}</td>"
                       "<td class=\"inline\">{}</td>"
                       "<td class=\"text\">{}{}</td><td class=\"text\">{}</td></tr>\n",
                       duration_text(refusal.at_us), html_text(refusal.call), html_text(process_text(refusal)),
                       html_text(refusal.error), html_text(refusal.why), html_text(row), html_text(refusal.remedy));
  }
  out += "</table></div>\n";
  return shown < history.refusals.size() ? out + fmt::format("<p>and {} more</p>\n", history.refusals.size() - shown)
                                         : out;
}

} // namespace daxemu::cli
