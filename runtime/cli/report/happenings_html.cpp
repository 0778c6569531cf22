// What happened besides faults, mappings and pins: where in time, and in words.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "runtime/cli/report/report_html.hpp"
#include "runtime/cli/report/timeline.hpp"

namespace daxemu::cli {
namespace {

constexpr std::size_t kMostHappenings = 100;
constexpr std::size_t kMostTicks = 400; // of a kind

// What went wrong for the program is red.
const char* colour_of(const Happening& happening) {
  return happening.refused || happening.kind == "sigbus" || happening.kind == "poison" ? "poison" : "bar";
}

std::string picture(const RunHistory& history) {
  std::map<std::string, std::vector<const Happening*>> kinds;
  for (const Happening& happening : history.happenings) {
    kinds[happening.kind].push_back(&happening);
  }
  constexpr double kRow = 18;
  const double height = kRow * static_cast<double>(kinds.size());
  Svg svg(kWidth, height + 34, "What else happened, over time");
  draw_times(svg, history.length_us, height + 8, 4);
  const double scale = history.length_us > 0 ? kPlot / history.length_us : 0;
  double y = 6;
  for (const auto& [kind, all] : kinds) {
    svg.text(kLeft - 8, y + 11, kind, "", "end");
    const std::size_t step = all.size() / kMostTicks + 1;
    for (std::size_t at = 0; at < all.size(); at += step) {
      const Happening& one = *all[at];
      svg.rect(kLeft + one.at_us * scale - 1, y, 3, kRow - 5, colour_of(one),
               fmt::format("{}, process {} {}: {}", duration_text(one.at_us), one.pid, history.process_of(one.pid),
                           one.text));
    }
    y += kRow;
  }
  return svg.str();
}

} // namespace

std::string happenings_part(const RunHistory& history) {
  std::string out = "<h2>What else happened</h2>\n";
  if (history.happenings.empty()) {
    return out + "<p>No write to sysfs, no callback, no SIGBUS, no poison.</p>\n";
  }
  const auto refused = std::count_if(history.happenings.begin(), history.happenings.end(),
                                     [](const Happening& happening) { return happening.refused; });
  if (refused > 0) {
    out += fmt::format("<p>{} refused (red).</p>\n", refused);
  }
  out += picture(history);
  out += "<div class=\"wide\"><table><tr><th class=\"n\">at</th><th>what</th><th>process</th><th "
         "class=\"n\">pid</th><th></th></tr>\n";
  for (std::size_t at = 0; at < std::min(history.happenings.size(), kMostHappenings); ++at) {
    const Happening& happening = history.happenings[at];
    out += fmt::format(
        "<tr><td class=\"n\">{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"{}\">{}{}</td></tr>\n",
        duration_text(happening.at_us), html_text(happening.kind), html_text(history.process_of(happening.pid)),
        happening.pid, happening.refused ? "text warn" : "text", html_text(happening.text),
        happening.remedy.empty() ? "" : "<br>" + html_text(happening.remedy));
  }
  out += "</table></div>\n";
  return history.happenings.size() > kMostHappenings
             ? out + fmt::format("<p>and {} more</p>\n", history.happenings.size() - kMostHappenings)
             : out;
}

} // namespace daxemu::cli
