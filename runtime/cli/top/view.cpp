#include "runtime/cli/top/view.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"

namespace daxemu::cli {
namespace {

constexpr int kLabel = 9; // columns in front of the extent map: where in the device a row begins
constexpr int kFixedRows = 8;
constexpr int kObjectFrame = 2; // their head, and an empty row

struct ExtentLook {
  ExtentState state;
  char character;
  Style style;
};
constexpr std::array<ExtentLook, kExtentStates> kExtentLooks = {{{ExtentState::untouched, '.', Style::untouched},
                                                                 {ExtentState::touched, '+', Style::touched},
                                                                 {ExtentState::dirty, '*', Style::dirty},
                                                                 {ExtentState::pinned, 'P', Style::pinned},
                                                                 {ExtentState::poisoned, 'X', Style::poisoned}}};
constexpr char kPartly = ':'; // touched, but not all of the cell's extents

// Rows that each part gets.
struct Layout {
  int devices = 1;
  int map = 1;
  int processes = 1;
  int objects = 0;
};

Layout layout_for(const PlatformSnapshot& snapshot, int height) {
  int room = std::max(height - kFixedRows, 3);
  Layout layout;
  if (!snapshot.objects.empty()) {
    layout.objects = std::clamp(static_cast<int>(snapshot.objects.size()), 1, std::max(room / 5, 1));
    room = std::max(room - layout.objects - kObjectFrame, 3);
  }
  layout.devices = std::clamp(static_cast<int>(snapshot.devices.size()), 1, std::max(room / 4, 1));
  layout.processes = std::clamp(static_cast<int>(snapshot.processes.size()), 1, std::max(room / 4, 1));
  layout.map = std::max(room - layout.devices - layout.processes, 1);
  return layout;
}

std::string uptime_text(std::uint64_t seconds) {
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string rate_text(double rate) {
  return rate >= 1e6   ? fmt::format("{:.1f}M", rate / 1e6)
         : rate >= 1e4 ? fmt::format("{:.1f}K", rate / 1e3)
                       : fmt::format("{:.0f}", rate);
}

std::uint64_t count_of(const DeviceSnapshot& device, ExtentState state) {
  return device.map.totals.at(static_cast<std::size_t>(state));
}

// Touched at all, whatever else is true of it.
std::uint64_t touched_of(const DeviceSnapshot& device) {
  std::uint64_t all = 0;
  for (std::size_t at = 1; at < kExtentStates; ++at) {
    all += device.map.totals.at(at);
  }
  return all;
}

void draw_title(Canvas& canvas, const PlatformSnapshot& snapshot) {
  canvas.fill_row(0, Style::bar);
  canvas.put(0, 0,
             fmt::format("daxemu top  platform {}  engine {}  {} device{}  {} process{}  up {}", snapshot.name,
                         snapshot.engine, snapshot.devices.size(), snapshot.devices.size() == 1 ? "" : "s",
                         snapshot.processes.size(), snapshot.processes.size() == 1 ? "" : "es",
                         uptime_text(snapshot.age_seconds)),
             Style::bar);
}

int draw_devices(Canvas& canvas, int y, const PlatformSnapshot& snapshot, int rows, std::size_t chosen) {
  canvas.put(0, y++,
             fmt::format("{:<9} {:>6} {:>5} {:<8} {:>8} {:>10} {:>8} {:>6} {:>6} {:>5}", "DEVICE", "SIZE", "ALIGN",
                         "BACKING", "FAULTS/S", "FAULTS", "TOUCHED", "DIRTY", "PINNED", "POIS."),
             Style::bold);
  if (snapshot.devices.empty()) {
    canvas.put(0, y, "this platform has no devices", Style::faint);
    return y + rows;
  }
  // The chosen one is always among those shown.
  const auto shown = static_cast<std::size_t>(rows);
  const std::size_t first = chosen < shown ? 0 : chosen - shown + 1;
  for (std::size_t at = first; at < std::min(snapshot.devices.size(), first + shown); ++at, ++y) {
    const DeviceSnapshot& device = snapshot.devices[at];
    const Style style = at == chosen && snapshot.devices.size() > 1 ? Style::chosen : Style::plain;
    canvas.fill_row(y, style);
    int x = canvas.put(0, y,
                       fmt::format("{:<9} {:>6} {:>5} {:<8} {:>8} {:>10} {:>8} {:>6} {:>6} {:>5}", device.name,
                                   size_text(device.size), size_text(device.align), device.backing,
                                   rate_text(device.faults_per_second), device.totals.faults, touched_of(device),
                                   count_of(device, ExtentState::dirty), count_of(device, ExtentState::pinned),
                                   count_of(device, ExtentState::poisoned)),
                       style);
    if (device.state != "devdax") {
      canvas.put(x + 1, y, device.state, style);
    }
  }
  return y;
}

// What CXL and nd buses have made devices of.
int draw_objects(Canvas& canvas, int y, const PlatformSnapshot& snapshot, int rows) {
  if (rows == 0) {
    return y;
  }
  canvas.put(0, y++, fmt::format("{:<14} {:>6} {:<7} {:<9} {}", "REGION", "SIZE", "KIND", "STATE", "OF"), Style::bold);
  for (std::size_t at = 0; at < static_cast<std::size_t>(rows); ++at, ++y) {
    if (at + 1 == static_cast<std::size_t>(rows) && at + 1 < snapshot.objects.size()) {
      canvas.put(0, y, fmt::format("    and {} more", snapshot.objects.size() - at), Style::faint);
      continue;
    }
    const BusObject& object = snapshot.objects[at];
    canvas.put(0, y,
               fmt::format("{:<14} {:>6} {:<7} {:<9} {}{}{}", object.name, size_text(object.size), object.kind,
                           object.state, object.of, object.device.empty() ? "" : ": ", object.device));
  }
  return y + 1;
}

int draw_legend(Canvas& canvas, int y) {
  int x = kLabel;
  for (const ExtentLook& look : kExtentLooks) {
    x = canvas.put(x, y, std::string(1, look.character), look.style);
    x = canvas.put(x, y, fmt::format(" {}   ", to_string(look.state)), Style::faint);
    if (look.state == ExtentState::untouched) {
      x = canvas.put(x, y, std::string(1, kPartly), Style::touched);
      x = canvas.put(x, y, " partly   ", Style::faint);
    }
  }
  return y + 1;
}

int draw_map(Canvas& canvas, int y, const DeviceSnapshot& device, int rows) {
  const int columns = canvas.width() - kLabel;
  const ExtentMap map = coarser(device.map, static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns));
  const std::string grain = map.per_cell == 1 ? "" : fmt::format(", {} in a cell", map.per_cell);
  canvas.put(0, y++,
             fmt::format("{}: {} extents of {}{}; {} mapped, {} SIGBUS", device.name,
                         device.align == 0 ? 0 : device.size / device.align, size_text(device.align), grain,
                         device.totals.maps - std::min(device.totals.maps, device.totals.unmaps), device.totals.sigbus),
             Style::bold);
  y = draw_legend(canvas, y);
  for (std::size_t at = 0; at < map.cells.size(); ++at) {
    const int row = y + static_cast<int>(at) / columns;
    const int column = static_cast<int>(at) % columns;
    if (column == 0) {
      canvas.put(0, row, fmt::format("{:>8}", size_text(at * map.per_cell * device.align)), Style::faint);
    }
    const ExtentCell& cell = map.cells[at];
    const ExtentLook& look = kExtentLooks.at(static_cast<std::size_t>(cell.worst()));
    const bool partly = look.state == ExtentState::touched && cell.heat() < 1;
    canvas.put(kLabel + column, row, std::string(1, partly ? kPartly : look.character), look.style);
  }
  return y + rows;
}

int draw_processes(Canvas& canvas, int y, const PlatformSnapshot& snapshot, int rows) {
  canvas.put(0, y++, fmt::format("{:>8} {:<16} {:<9} {:>10} {:>10}", "PID", "COMMAND", "ENGINE", "PINS", "GETS"),
             Style::bold);
  if (snapshot.processes.empty()) {
    canvas.put(0, y, "    no process uses it", Style::faint);
    return y + rows;
  }
  const auto shown = std::min(snapshot.processes.size(), static_cast<std::size_t>(rows));
  for (std::size_t at = 0; at < shown; ++at, ++y) {
    const ProcessSnapshot& process = snapshot.processes[at];
    if (at + 1 == shown && shown < snapshot.processes.size()) {
      canvas.put(0, y, fmt::format("    and {} more", snapshot.processes.size() - at), Style::faint);
      break;
    }
    canvas.put(0, y,
               fmt::format("{:>8} {:<16} {:<9} {:>10} {:>10}{}", process.pid, process.command, process.engine,
                           process.pins, process.gets, process.longterm ? "  longterm" : ""));
  }
  return y;
}

} // namespace

std::uint64_t most_cells(int width, int height) {
  return static_cast<std::uint64_t>(std::max(width - kLabel, 1)) * static_cast<std::uint64_t>(std::max(height, 1));
}

Canvas draw(const PlatformSnapshot& snapshot, int width, int height, const ViewOptions& options) {
  Canvas canvas(width, height);
  if (width < 40 || height < 10) {
    canvas.put(0, 0, "needs a screen of 40x10");
    return canvas;
  }
  const Layout layout = layout_for(snapshot, height);
  const std::size_t chosen = snapshot.devices.empty() ? 0 : std::min(options.chosen, snapshot.devices.size() - 1);
  draw_title(canvas, snapshot);
  int y = draw_devices(canvas, 1, snapshot, layout.devices, chosen) + 1;
  y = draw_objects(canvas, y, snapshot, layout.objects);
  if (!snapshot.devices.empty()) {
    y = draw_map(canvas, y, snapshot.devices[chosen], layout.map) + 1;
  }
  draw_processes(canvas, y, snapshot, layout.processes);
  if (options.keys) {
    canvas.fill_row(height - 1, Style::bar);
    canvas.put(0, height - 1,
               fmt::format("q quit   up/down another device   p {}", options.paused ? "go on (PAUSED)" : "pause"),
               Style::bar);
  }
  return canvas;
}

} // namespace daxemu::cli
