#include "runtime/cli/report/report_html.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "daxemu_build.hpp"
#include "emu/base/text/size_text.hpp"
#include "runtime/cli/report/refusals_part.hpp"
#include "runtime/cli/report/report_layout.hpp"
#include "runtime/cli/report/report_style.hpp"
#include "runtime/cli/text/shell_words.hpp"

namespace daxemu::cli {
namespace {

constexpr std::size_t kMostPins = 80;

// How a cell looks, and what its looks are called. The first that fits.
struct Look {
  const char* look;
  const char* words;
  bool (*fits)(const HistoryCell&);
};
constexpr Look kLooks[] = {
    {"poison", "poisoned", [](const HistoryCell& cell) { return cell.poisoned; }},
    {"pinned", "pinned", [](const HistoryCell& cell) { return cell.pinned; }},
    {"touch4", "touched: all", [](const HistoryCell& cell) { return cell.touched >= 1; }},
    {"touch3", "half and more", [](const HistoryCell& cell) { return cell.touched >= 0.5; }},
    {"touch2", "a tenth and more", [](const HistoryCell& cell) { return cell.touched >= 0.1; }},
    {"touch1", "some", [](const HistoryCell& cell) { return cell.touched > 0; }},
    {"mapped", "mapped, untouched", [](const HistoryCell& cell) { return cell.mapped; }},
    {"untouched", "not mapped", [](const HistoryCell&) { return true; }},
};

const Look& look_of(const HistoryCell& cell) {
  return *std::find_if(std::begin(kLooks), std::end(kLooks), [&](const Look& look) { return look.fits(cell); });
}

std::string legend() {
  std::string out = "<div class=\"legend\">";
  for (auto look = std::rbegin(kLooks); look != std::rend(kLooks); ++look) {
    out += fmt::format("<span><i style=\"background:var(--{})\"></i>{}</span>", look->look, look->words);
  }
  return out + "<span><i style=\"background:var(--bar)\"></i>first touches</span></div>\n";
}

std::string extents_text(const DeviceHistory& device, std::size_t row) {
  const std::uint64_t first = device.first_of(row);
  const std::uint64_t last = device.first_of(row + 1) - 1;
  return first == last ? fmt::format("extent {}", first) : fmt::format("extents {} to {}", first, last);
}

// The map: time to the right, the device downwards; under it the first touches on the same time.
std::string device_map(const DeviceHistory& device, const RunHistory& history) {
  const double row_height = std::clamp(340.0 / static_cast<double>(std::max<std::size_t>(device.rows, 1)), 7.0, 34.0);
  const double column = kReportPlot / static_cast<double>(history.columns);
  const double map_height = row_height * static_cast<double>(device.rows);
  constexpr double kBars = 54;
  Svg svg(kReportWidth, map_height + kBars + 40, fmt::format("State of the extents of {} over time", device.name));
  const double us = history.length_us / static_cast<double>(history.columns);
  for (std::size_t row = 0; row < device.rows; ++row) {
    const double y = 4 + row_height * static_cast<double>(row);
    if (row % std::max<std::size_t>(device.rows / 8, 1) == 0) {
      svg.text(kReportLeft - 8, y + 10, size_text(device.first_of(row) * device.align), "", "end");
    }
    const HistoryCell* cells = &device.cells[row * history.columns];
    for (std::size_t from = 0; from < history.columns;) { // one shape for what looks the same
      std::size_t to = from + 1;
      std::uint64_t faults = cells[from].faults;
      for (; to < history.columns && cells[to].looks_like(cells[from]); ++to) {
        faults += cells[to].faults;
      }
      const Look& look = look_of(cells[from]);
      svg.rect(kReportLeft + column * static_cast<double>(from), y, column * static_cast<double>(to - from) + 0.3,
               row_height - 0.6, look.look,
               fmt::format("{}, {} to {}: {}{}{}", extents_text(device, row),
                           duration_text(us * static_cast<double>(from)), duration_text(us * static_cast<double>(to)),
                           look.words,
                           cells[from].touched > 0 ? fmt::format(", {:.0f}% touched", cells[from].touched * 100) : "",
                           faults > 0 ? fmt::format(", {} first touches", faults) : ""));
      from = to;
    }
  }
  std::vector<std::uint64_t> faults(history.columns);
  for (std::size_t at = 0; at < device.cells.size(); ++at) {
    faults[at % history.columns] += device.cells[at].faults;
  }
  const std::uint64_t most = std::max<std::uint64_t>(*std::max_element(faults.begin(), faults.end()), 1);
  const double bottom = map_height + kBars + 12;
  svg.text(kReportLeft - 8, map_height + 22, fmt::format("{}", most), "", "end");
  svg.text(kReportLeft - 8, bottom, "0", "", "end");
  draw_times(svg, history.length_us, bottom, map_height + 12);
  for (std::size_t at = 0; at < history.columns; ++at) {
    if (faults[at] > 0) {
      const double height = std::max(kBars * static_cast<double>(faults[at]) / static_cast<double>(most), 1.0);
      svg.rect(kReportLeft + column * static_cast<double>(at), bottom - height, std::max(column - 1, 1.0), height,
               "bar",
               fmt::format("{} first touches from {} to {}", faults[at], duration_text(us * static_cast<double>(at)),
                           duration_text(us * static_cast<double>(at + 1))));
    }
  }
  return svg.str();
}

std::string counted(std::uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string device_part(const DeviceHistory& device, const RunHistory& history) {
  std::string out =
      fmt::format("<h2>{}</h2>\n<p>{} extents of {}; {} touched by {}, {}, {} SIGBUS, {} poisoned.</p>\n",
                  html_text(device.name), device.extents(), size_text(device.align), device.touched,
                  counted(device.faults, "fault"), counted(device.maps, "mapping"), device.sigbus, device.poisoned);
  if (device.rows == 0 || device.faults + device.maps + device.poisoned == 0) {
    return out + "<p>Nothing happened to it.</p>\n";
  }
  return out + legend() + device_map(device, history);
}

std::string latency_part(const Latencies& latencies) {
  std::string out = "<h2>How long first touches waited</h2>\n";
  if (latencies.count == 0) {
    return out + "<p>There were none.</p>\n";
  }
  out += fmt::format("<p>{} touches: half within {}, 99% within {}, the longest {}.</p>\n", latencies.count,
                     duration_text(latencies.median_us), duration_text(latencies.p99_us),
                     duration_text(latencies.longest_us));
  std::size_t first = 0;
  std::size_t last = kLatencyBins - 1;
  while (first < last && latencies.bins[first] == 0) {
    ++first;
  }
  while (last > first && latencies.bins[last] == 0) {
    --last;
  }
  first -= first > 0 ? 1 : 0;
  last += last + 1 < kLatencyBins ? 1 : 0;
  const std::uint64_t most = *std::max_element(latencies.bins.begin(), latencies.bins.end());
  constexpr double kHeight = 150;
  Svg svg(kReportWidth, kHeight + 40, "Latency of first touches");
  const double step = std::min(kReportPlot / static_cast<double>(last - first + 1), 90.0);
  svg.line(kReportLeft, kHeight + 14, kReportLeft + step * static_cast<double>(last - first + 1), kHeight + 14, "");
  for (std::size_t bin = first; bin <= last; ++bin) {
    const double x = kReportLeft + step * static_cast<double>(bin - first);
    const double low = bin == 0 ? 0 : std::ldexp(1.0, static_cast<int>(bin) - 1);
    svg.text(x, kHeight + 30, duration_text(low), "", "middle");
    const std::uint64_t count = latencies.bins[bin];
    if (count > 0) {
      const double height = std::max(kHeight * 0.9 * static_cast<double>(count) / static_cast<double>(most), 1.0);
      svg.rect(x + 2, kHeight + 14 - height, step - 4, height, "bar",
               fmt::format("{} touches waited {} to {}", count, duration_text(low),
                           duration_text(std::ldexp(1.0, static_cast<int>(bin)))));
      svg.text(x + step / 2, kHeight + 10 - height, fmt::format("{}", count), "ink", "middle");
    }
  }
  return out + svg.str();
}

std::string pins_part(const RunHistory& history) {
  std::string out = "<h2>How long pages were pinned</h2>\n";
  if (history.pins.empty()) {
    return out + "<p>None were.</p>\n";
  }
  std::vector<PinSpan> pins = history.pins;
  std::stable_sort(pins.begin(), pins.end(),
                   [](const PinSpan& a, const PinSpan& b) { return a.end_us - a.begin_us > b.end_us - b.begin_us; });
  const auto held = std::count_if(pins.begin(), pins.end(), [](const PinSpan& pin) { return pin.held; });
  const std::size_t shown = std::min(pins.size(), kMostPins);
  out += fmt::format("<p>{}; {} never released (red){}.</p>\n", counted(pins.size(), "pin"), held,
                     shown < pins.size() ? fmt::format("; the {} longest are shown", shown) : "");
  pins.resize(shown);
  std::stable_sort(pins.begin(), pins.end(),
                   [](const PinSpan& a, const PinSpan& b) { return a.begin_us < b.begin_us; });
  const double height = 14.0 * static_cast<double>(shown);
  Svg svg(kReportWidth, height + 34, "Pins over time");
  draw_times(svg, history.length_us, height + 8, 4);
  for (std::size_t at = 0; at < shown; ++at) {
    const PinSpan& pin = pins[at];
    const double scale = history.length_us > 0 ? kReportPlot / history.length_us : 0;
    const double y = 6 + 14 * static_cast<double>(at);
    svg.text(kReportLeft - 8, y + 9, fmt::format("{}", pin.pid), "", "end");
    svg.rect(kReportLeft + pin.begin_us * scale, y, std::max((pin.end_us - pin.begin_us) * scale, 2.0), 10,
             pin.held ? "poison" : "pinned",
             fmt::format("process {} {}: {} at {}, {} {}for {}{}", pin.pid, history.process_of(pin.pid), pin.device,
                         size_text(pin.offset), size_text(pin.length), pin.by.empty() ? "" : "by " + pin.by + " ",
                         duration_text(pin.end_us - pin.begin_us), pin.held ? ", never released" : ""));
  }
  return out + svg.str();
}

std::string threads_part(const RunHistory& history) {
  if (history.threads.empty()) {
    return "";
  }
  std::string out =
      "<h2>Threads that touched</h2>\n<div class=\"wide\"><table><tr><th>process</th><th class=\"n\">pid</th>"
      "<th class=\"n\">tid</th><th class=\"n\">faults</th><th class=\"n\">waited in all</th>"
      "<th class=\"n\">at most</th></tr>\n";
  for (std::size_t at = 0; at < std::min(history.threads.size(), kMostListed); ++at) {
    const ThreadHistory& thread = history.threads[at];
    out += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
                       "<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                       html_text(thread.process), thread.pid, thread.tid, thread.faults,
                       duration_text(thread.waited_us), duration_text(thread.longest_us));
  }
  out += "</table></div>\n";
  return history.threads.size() > kMostListed
             ? out + fmt::format("<p>and {} more</p>\n", history.threads.size() - kMostListed)
             : out;
}

std::string sites_part(const RunHistory& history) {
  if (history.sites.empty()) {
    return "";
  }
  std::string out = "<h2>Code that touched first</h2>\n<div class=\"wide\"><table><tr><th "
                    "class=\"n\">faults</th><th>from</th></tr>\n";
  for (std::size_t at = 0; at < std::min(history.sites.size(), kMostListed); ++at) {
    out += fmt::format("<tr><td class=\"n\">{}</td><td class=\"text\">{}</td></tr>\n", history.sites[at].second,
                       html_text(history.sites[at].first));
  }
  return out + "</table></div>\n";
}

std::string tile(const std::string& number, const char* words) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", html_text(number), words);
}

// Each word in one line as far as it fits: browsers break "--size" behind its first hyphen.
std::string words_html(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) {
    const bool breaks = word.find(' ') != std::string::npos; // at its blanks
    out += fmt::format("{}<span{}>{}</span>", out.empty() ? "" : " ", breaks ? "" : " class=\"word\"",
                       html_text(shell_word(word)));
  }
  return out;
}

} // namespace

std::string duration_text(double us) {
  struct Unit {
    double us;
    const char* name;
  };
  constexpr Unit kUnits[] = {{1e6, "s"}, {1e3, "ms"}, {1, "us"}, {1e-3, "ns"}};
  if (us <= 0) {
    return "0";
  }
  for (const Unit& unit : kUnits) {
    if (us >= unit.us * 0.9995) {
      return fmt::format("{:.3g} {}", us / unit.us < 999.5 ? us / unit.us : std::round(us / unit.us), unit.name);
    }
  }
  return "0";
}

std::string report_html(const RunHistory& history, const RunNumbers* before) {
  std::uint64_t touched = 0;
  for (const DeviceHistory& device : history.devices) {
    touched += device.touched * device.align;
  }
  std::string out =
      fmt::format("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>daxemu report: "
                  "{}</title>\n<style>{}</style></head>"
                  "<body>\n<h1>daxemu report: <code>{}</code></h1>\n<p>daxemu {}</p>\n<div class=\"tiles\">\n",
                  html_text(shell_words(history.command)), kReportStyle, words_html(history.command), kVersion);
  out += tile(duration_text(history.length_us), "traced");
  out += tile(fmt::format("{}", history.latencies.count), "first touches");
  out += tile(size_text(touched), "touched");
  out += tile(duration_text(history.latencies.median_us), "median wait");
  out += tile(fmt::format("{}", history.pins.size()), "pins");
  if (!history.refusals.empty()) {
    out += tile(fmt::format("{}", history.refusals.size()), "refused");
  }
  out += tile(fmt::format("{}", history.happenings.size()), "other events");
  out += "</div>\n";
  if (history.overwritten + history.lost > 0) {
    out += fmt::format("<p class=\"warn\">{} older events were overwritten and {} lost: what was before is not shown. "
                       "--events keeps more.</p>\n",
                       history.overwritten, history.lost);
  }
  const RunNumbers numbers = numbers_of(history);
  if (before != nullptr) {
    out += compare_part(*before, numbers);
  }
  for (const DeviceHistory& device : history.devices) {
    out += device_part(device, history);
  }
  return out + refusals_part(history) + latency_part(history.latencies) + pins_part(history) + threads_part(history) +
         sites_part(history) + happenings_part(history) + numbers_element(numbers) + "</body></html>\n";
}

} // namespace daxemu::cli
