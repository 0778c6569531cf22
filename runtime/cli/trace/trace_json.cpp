#include "runtime/cli/trace/trace_json.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/base/units.hpp"
#include "runtime/cli/explain/refused.hpp"
#include "runtime/cli/explain/symbols.hpp"

namespace daxemu::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Where an event happened: the device, and the byte in it.
struct Spot {
  const TracedDevice* device = nullptr;
  std::uint64_t offset = 0;
};

Spot spot_of(const trace::Event& event, const std::vector<TracedDevice>& devices) {
  const bool physical = event.kind == trace::Kind::poison || event.kind == trace::Kind::callback;
  for (const TracedDevice& device : devices) {
    if (!physical && device.minor == event.minor) {
      return {&device, event.offset};
    }
    for (const store::RangeRecord& range : device.ranges) {
      if (physical && event.address >= range.phys_start && event.address - range.phys_start < range.size) {
        return {&device, (range.pgoff << kPageShift) + (event.address - range.phys_start)};
      }
    }
  }
  return {nullptr, event.offset};
}

bool has_place(trace::Kind kind) {
  return kind != trace::Kind::process && kind != trace::Kind::sysfs_write && kind != trace::Kind::refusal;
}

// What was refused, why, and what to do.
// more.
void put_refusal(const trace::Event& event, const Spot& spot, std::string_view process, OrderedJson& arguments) {
  const Refused refused = refused_of(event, spot.device == nullptr ? "" : spot.device->name, process);
  arguments["call"] = refused.call;
  arguments["error"] = refused.error;
  arguments["why"] = refused.why;
  arguments["remedy"] = refused.remedy;
  arguments["row"] = refused.row;
}

OrderedJson arguments_of(const trace::Event& event, const Spot& spot, std::string_view process, Symbols* symbols) {
  OrderedJson arguments = OrderedJson::object();
  if (has_place(event.kind)) {
    if (spot.device != nullptr) {
      arguments["device"] = spot.device->name;
      arguments["extent"] = spot.device->align == 0 ? 0 : spot.offset / spot.device->align;
    }
    arguments["offset"] = spot.offset;
    arguments["length"] = event.length;
  }
  const bool has_numbers = event.reason != 0; // of the reason, in the place of an address
  if (event.address != 0 && !has_numbers) {
    arguments["address"] = fmt::format("{:#x}", event.address);
  }
  switch (event.kind) {
  case trace::Kind::sysfs_write:
    arguments["write"] = event.text.view();
    arguments["errno"] = event.value;
    break;
  case trace::Kind::callback:
    arguments["callback"] = event.text.view();
    break;
  case trace::Kind::map:
    arguments["prot"] = event.value;
    break;
  case trace::Kind::pin:
  case trace::Kind::unpin:
    if (!event.text.view().empty()) {
      arguments["by"] = event.text.view();
    }
    break;
  default:
    break;
  }
  if (is_refused(event)) {
    put_refusal(event, spot, process, arguments);
  }
  if (event.site != 0) {
    arguments["site"] = fmt::format("{:#x}", event.site);
    if (const std::string name = symbols == nullptr ? "" : symbols->name_of(event.pid, event.site); !name.empty()) {
      arguments["from"] = name;
    }
  }
  return arguments;
}

// Writes events one by one: a trace can be longer than one wants to have in memory twice.
class Writer {
public:
  Writer(std::ostream& out, std::uint64_t origin_ns) : out_(out), origin_ns_(origin_ns) {}

  void put(OrderedJson event) {
    out_ << (first_ ? "\n" : ",\n") << event.dump(-1, ' ', true, OrderedJson::error_handler_t::replace);
    first_ = false;
  }
  [[nodiscard]] double microseconds(std::uint64_t ns) const {
    return ns < origin_ns_ ? 0 : static_cast<double>(ns - origin_ns_) / 1000;
  }

private:
  std::ostream& out_;
  std::uint64_t origin_ns_;
  bool first_ = true;
};

void put_event(Writer& writer, const trace::Event& event, const std::vector<TracedDevice>& devices,
               std::string_view process, Symbols* symbols) {
  const Spot spot = spot_of(event, devices);
  OrderedJson json;
  json["name"] = event.kind == trace::Kind::callback ? std::string(event.text.view()) : trace::name_of(event.kind);
  json["cat"] = trace::name_of(event.kind);
  json["ts"] = writer.microseconds(event.begin_ns);
  json["pid"] = event.pid;
  json["tid"] = event.tid;
  if (event.kind == trace::Kind::pin || event.kind == trace::Kind::unpin) {
    json["name"] = "pin";
    json["cat"] = "pin";
    json["ph"] = event.kind == trace::Kind::pin ? "b" : "e";
    json["id"] =
        fmt::format("{}:{:x}+{:x}", spot.device != nullptr ? spot.device->name : "?", spot.offset, event.length);
  } else if (event.duration_ns > 0) {
    json["ph"] = "X";
    json["dur"] = static_cast<double>(event.duration_ns) / 1000;
  } else {
    json["ph"] = "i";
    json["s"] = "t"; // as wide as its thread
  }
  json["args"] = arguments_of(event, spot, process, symbols);
  writer.put(std::move(json));
}

void put_names(Writer& writer, const std::vector<trace::Event>& events) {
  std::set<int> named;
  for (const trace::Event& event : events) {
    if (event.kind == trace::Kind::process) {
      named.insert(event.pid);
      writer.put({{"name", "process_name"}, {"ph", "M"}, {"pid", event.pid}, {"args", {{"name", event.text.view()}}}});
    }
  }
  std::set<std::pair<int, int>> threads;
  for (const trace::Event& event : events) {
    if (threads.emplace(event.pid, event.tid).second) {
      const std::string name = event.pid == event.tid ? "main" : fmt::format("thread {}", event.tid);
      writer.put(
          {{"name", "thread_name"}, {"ph", "M"}, {"pid", event.pid}, {"tid", event.tid}, {"args", {{"name", name}}}});
    }
  }
}

} // namespace

std::vector<TracedDevice> traced_devices(const store::Store& store) {
  std::vector<TracedDevice> devices;
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load() != store::DeviceState::absent) {
      const std::size_t ranges = std::min<std::size_t>(device.nr_ranges, device.ranges.size());
      devices.push_back({std::string(store.name_of(device).view()),
                         device.minor,
                         device.size.load(),
                         device.align,
                         {device.ranges.begin(), device.ranges.begin() + static_cast<std::ptrdiff_t>(ranges)}});
    }
  }
  return devices;
}

void write_trace(std::ostream& out, const trace::Ring::Contents& contents, const TraceAbout& given) {
  TraceAbout about = given;
  for (const trace::Event& event : contents.events) { // devices that a process made for itself alone
    if (event.kind == trace::Kind::device) {
      about.devices.push_back({fmt::format("{}:{}", event.pid, event.text.view()),
                               event.minor,
                               event.length,
                               static_cast<std::uint64_t>(event.value),
                               {}});
    }
  }
  Writer writer(out, contents.events.empty() ? 0 : contents.events.front().begin_ns);
  Symbols symbols(contents.events);
  std::map<std::int32_t, std::string> processes;
  out << "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  put_names(writer, contents.events);
  for (const trace::Event& event : contents.events) {
    if (event.kind == trace::Kind::process) {
      processes[event.pid] = event.text.view();
    }
    if (event.kind != trace::Kind::module && event.kind != trace::Kind::device) {
      put_event(writer, event, about.devices, processes[event.pid], &symbols);
    }
  }
  OrderedJson other;
  other["program"] = "daxemu";
  other["command"] = about.command;
  other["length_us"] = about.length_us;
  other["events"] = contents.events.size();
  other["overwritten"] = contents.overwritten;
  other["lost"] = contents.lost;
  other["devices"] = OrderedJson::array();
  for (const TracedDevice& device : about.devices) {
    other["devices"].push_back({{"name", device.name}, {"size", device.size}, {"align", device.align}});
  }
  out << "\n],\"otherData\":" << other.dump(-1, ' ', true, OrderedJson::error_handler_t::replace) << "}\n";
}

} // namespace daxemu::cli
