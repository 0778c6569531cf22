#include "runtime/cli/report/run_history.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"

namespace daxemu::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kColumns = 120;
constexpr std::size_t kMostRows = 48;

std::size_t bin_of(double us) {
  const auto whole = static_cast<std::uint64_t>(std::max(us, 0.0));
  return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(whole)), kLatencyBins - 1);
}

double percentile(const std::vector<double>& sorted, double part) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

// The part of a device that an event is about, as extents [first, end).
struct Span {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

// One device while its events pass by in their order.
class DeviceTrack {
public:
  explicit DeviceTrack(const Json& device) {
    history_.name = device.value("name", "?");
    history_.size = device.value("size", std::uint64_t{0});
    history_.align = device.value("align", std::uint64_t{0});
    const std::uint64_t extents = history_.extents();
    history_.rows = std::min<std::uint64_t>(extents, kMostRows);
    history_.cells.resize(history_.rows * kColumns);
    touched_.resize(extents);
    poisoned_.resize(extents);
    mapped_.resize(history_.rows);
    pinned_.resize(history_.rows);
    touched_in_.resize(history_.rows);
    poisoned_in_.resize(history_.rows);
  }

  [[nodiscard]] const std::string& name() const { return history_.name; }

  void take(const std::string& kind, const std::string& phase, const Json& arguments, std::size_t column) {
    const Span span = span_of(arguments);
    if (kind == "fault") {
      ++history_.faults;
      each_row(span, [&](std::size_t row) { ++cell(row, column).faults; });
      mark(span, touched_, touched_in_);
    } else if (kind == "map") {
      ++history_.maps;
      each_row(span, [&](std::size_t row) { ++mapped_[row]; });
    } else if (kind == "unmap") {
      each_row(span, [&](std::size_t row) { mapped_[row] -= mapped_[row] > 0 ? 1 : 0; });
    } else if (kind == "pin" && phase == "b") {
      each_row(span, [&](std::size_t row) { ++pinned_[row]; });
    } else if (kind == "pin") {
      each_row(span, [&](std::size_t row) { pinned_[row] -= pinned_[row] > 0 ? 1 : 0; });
    } else if (kind == "sigbus") {
      ++history_.sigbus;
    } else if (kind == "poison") {
      ++history_.poisoned;
      mark({span.first, std::max(span.end, span.first + 1)}, poisoned_, poisoned_in_);
    }
  }

  // The time of `column` is over.
  void close(std::size_t column) {
    for (std::size_t row = 0; row < history_.rows; ++row) {
      HistoryCell& now = cell(row, column);
      const auto all = static_cast<double>(history_.first_of(row + 1) - history_.first_of(row));
      now.touched = all == 0 ? 0 : static_cast<double>(touched_in_[row]) / all;
      now.mapped = mapped_[row] > 0;
      now.pinned = pinned_[row] > 0;
      now.poisoned = poisoned_in_[row] > 0;
    }
  }

  [[nodiscard]] DeviceHistory take_history() {
    history_.touched = static_cast<std::uint64_t>(std::count(touched_.begin(), touched_.end(), true));
    return std::move(history_);
  }

private:
  HistoryCell& cell(std::size_t row, std::size_t column) { return history_.cells[row * kColumns + column]; }
  [[nodiscard]] std::size_t row_of(std::uint64_t extent) const {
    std::size_t row = extent * history_.rows / history_.extents();
    while (row + 1 < history_.rows && history_.first_of(row + 1) <= extent) { // both divisions round down
      ++row;
    }
    return row;
  }

  [[nodiscard]] Span span_of(const Json& arguments) const {
    const std::uint64_t extents = history_.extents();
    if (extents == 0) {
      return {};
    }
    const std::uint64_t offset = arguments.value("offset", std::uint64_t{0});
    const std::uint64_t length = arguments.value("length", std::uint64_t{0});
    const std::uint64_t first = std::min(offset / history_.align, extents);
    const std::uint64_t end = std::min((offset + length + history_.align - 1) / history_.align, extents);
    return {first, std::max(first, end)};
  }
  template <class Visit>
  void each_row(Span span, Visit visit) {
    if (span.first < span.end) {
      for (std::size_t row = row_of(span.first); row <= row_of(span.end - 1); ++row) {
        visit(row);
      }
    }
  }
  void mark(Span span, std::vector<bool>& which, std::vector<std::uint64_t>& in_row) {
    for (std::uint64_t extent = span.first; extent < std::min<std::uint64_t>(span.end, which.size()); ++extent) {
      if (!which[extent]) {
        which[extent] = true;
        ++in_row[row_of(extent)];
      }
    }
  }

  DeviceHistory history_;
  std::vector<bool> touched_; // by extent
  std::vector<bool> poisoned_;
  std::vector<std::uint32_t> mapped_; // how often, by row
  std::vector<std::uint32_t> pinned_;
  std::vector<std::uint64_t> touched_in_; // how many, by row
  std::vector<std::uint64_t> poisoned_in_;
};

std::string place_text(const Json& arguments) {
  return fmt::format("{} extent {} (offset {})", arguments.value("device", "?"),
                     arguments.value("extent", std::uint64_t{0}),
                     size_text(arguments.value("offset", std::uint64_t{0})));
}

// "EBUSY"
std::string errno_text(std::int64_t error) {
  const char* name = ::strerrorname_np(static_cast<int>(error));
  return name == nullptr ? fmt::format("errno {}", error) : name;
}

// What happened besides faults, mappings and pins.
std::string happening_text(const std::string& kind, const std::string& name, const Json& arguments) {
  const std::int64_t error = arguments.value("errno", std::int64_t{0});
  if (kind == "sysfs_write") {
    const std::string what = arguments.value("write", "");
    const std::string why = arguments.value("why", "");
    return what + (error == 0 ? "" : fmt::format(" -> {}", errno_text(error))) + (why.empty() ? "" : ": " + why);
  }
  return kind == "callback" ? fmt::format("{}: {}", name, place_text(arguments)) : place_text(arguments);
}

// Pages pinned at once, of which `left` bytes are not released yet.
struct OpenPin {
  std::size_t index = 0; // into RunHistory::pins
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t left = 0;
};

class Reader {
public:
  explicit Reader(const Json& trace) : events_(trace.at("traceEvents")), other_(trace.at("otherData")) {
    for (const Json& device : other_.at("devices")) {
      devices_.emplace_back(device);
    }
  }

  RunHistory read() {
    history_.columns = kColumns;
    history_.command = other_.at("command").get<std::vector<std::string>>();
    history_.events = other_.value("events", std::uint64_t{0});
    history_.overwritten = other_.value("overwritten", std::uint64_t{0});
    history_.lost = other_.value("lost", std::uint64_t{0});
    for (const Json& event : events_) {
      if (event.at("ph") != "M") {
        history_.length_us = std::max(history_.length_us, event.at("ts").get<double>() + event.value("dur", 0.0));
      }
    }
    history_.length_us = std::max(history_.length_us, other_.value("length_us", 0.0));
    std::size_t column = 0;
    for (const Json& event : events_) {
      if (event.at("ph") == "M") {
        if (event.at("name") == "process_name") {
          history_.processes[event.at("pid").get<int>()] = event.at("args").at("name").get<std::string>();
        }
        continue;
      }
      const std::size_t now = column_of(event.at("ts").get<double>());
      for (; column < now; ++column) {
        close(column);
      }
      take(event, column);
    }
    for (; column < kColumns; ++column) {
      close(column);
    }
    return finish();
  }

private:
  [[nodiscard]] std::size_t column_of(double us) const {
    return history_.length_us <= 0
               ? 0
               : std::min(static_cast<std::size_t>(us / history_.length_us * kColumns), kColumns - 1);
  }
  void close(std::size_t column) {
    for (DeviceTrack& device : devices_) {
      device.close(column);
    }
  }

  void take(const Json& event, std::size_t column) {
    const std::string kind = event.at("cat").get<std::string>();
    const std::string phase = event.at("ph").get<std::string>();
    const Json& arguments = event.at("args");
    const std::string device = arguments.value("device", "");
    for (DeviceTrack& track : devices_) {
      if (track.name() == device) {
        track.take(kind, phase, arguments, column);
      }
    }
    const double at = event.at("ts").get<double>();
    const int pid = event.at("pid").get<int>();
    if (arguments.contains("why")) {
      take_refusal(event, at);
    }
    if (kind == "fault") {
      take_fault(event);
    } else if (kind == "pin") {
      take_pin(event, phase, at);
    } else if (kind == "sysfs_write" || kind == "poison" || kind == "sigbus" || kind == "callback") {
      history_.happenings.push_back({at, kind, happening_text(kind, event.at("name").get<std::string>(), arguments),
                                     pid, arguments.value("errno", std::int64_t{0}) != 0,
                                     arguments.value("remedy", "")});
    }
  }

  void take_refusal(const Json& event, double at) {
    const Json& arguments = event.at("args");
    const int pid = event.at("pid").get<int>();
    history_.refusals.push_back({at, pid, history_.process_of(pid), arguments.value("call", "?"),
                                 arguments.value("error", "?"), arguments.value("why", ""),
                                 arguments.value("remedy", ""), arguments.value("row", ""),
                                 arguments.value("from", "")});
  }

  void take_fault(const Json& event) {
    const double us = event.value("dur", 0.0);
    waits_.push_back(us);
    ++history_.latencies.bins.at(bin_of(us));
    ThreadHistory& thread = threads_[{event.at("pid").get<int>(), event.at("tid").get<int>()}];
    ++thread.faults;
    thread.waited_us += us;
    thread.longest_us = std::max(thread.longest_us, us);
    if (const std::string from = event.at("args").value("from", ""); !from.empty()) {
      ++sites_[from];
    }
  }

  void take_pin(const Json& event, const std::string& phase, double at) {
    const Json& arguments = event.at("args");
    PinSpan span{arguments.value("device", "?"),
                 arguments.value("offset", std::uint64_t{0}),
                 arguments.value("length", std::uint64_t{0}),
                 event.at("pid").get<int>(),
                 at,
                 history_.length_us,
                 true,
                 arguments.value("by", "")};
    std::vector<OpenPin>& open = open_pins_[fmt::format("{} {}", span.pid, span.device)];
    if (phase == "b") {
      open.push_back({history_.pins.size(), span.offset, span.offset + span.length, span.length});
      history_.pins.push_back(std::move(span));
      return;
    }
    // What is released may be a part of what was pinned at once, or of several pins: the youngest first.
    for (std::size_t each = open.size(); each-- > 0 && span.length > 0;) {
      OpenPin& pin = open[each];
      const std::uint64_t begin = std::max(pin.begin, span.offset);
      const std::uint64_t end = std::min(pin.end, span.offset + span.length);
      const std::uint64_t released = begin < end ? std::min(end - begin, pin.left) : 0;
      pin.left -= released;
      span.length -= std::min(released, span.length);
      if (released > 0 && pin.left == 0) {
        history_.pins[pin.index].end_us = at;
        history_.pins[pin.index].held = false;
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(each));
      }
    }
  }

  RunHistory finish() {
    std::sort(waits_.begin(), waits_.end());
    history_.latencies.count = waits_.size();
    history_.latencies.median_us = percentile(waits_, 0.5);
    history_.latencies.p99_us = percentile(waits_, 0.99);
    history_.latencies.longest_us = waits_.empty() ? 0 : waits_.back();
    for (auto& [who, thread] : threads_) {
      thread.pid = who.first;
      thread.tid = who.second;
      thread.process = history_.process_of(who.first);
      history_.threads.push_back(thread);
    }
    std::stable_sort(history_.threads.begin(), history_.threads.end(),
                     [](const ThreadHistory& a, const ThreadHistory& b) { return a.faults > b.faults; });
    history_.sites.assign(sites_.begin(), sites_.end());
    std::stable_sort(history_.sites.begin(), history_.sites.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (DeviceTrack& device : devices_) {
      history_.devices.push_back(device.take_history());
    }
    std::stable_sort(history_.devices.begin(), history_.devices.end(),
                     [](const DeviceHistory& a, const DeviceHistory& b) {
                       return a.faults + a.maps + a.poisoned > 0 && b.faults + b.maps + b.poisoned == 0;
                     });
    return std::move(history_);
  }

  const Json& events_;
  const Json& other_;
  RunHistory history_;
  std::vector<DeviceTrack> devices_;
  std::vector<double> waits_;
  std::map<std::pair<int, int>, ThreadHistory> threads_;
  std::map<std::string, std::vector<OpenPin>> open_pins_; // by process and device
  std::map<std::string, std::uint64_t> sites_;
};

} // namespace

Outcome<RunHistory> history_of(const Json& trace) {
  try {
    return Reader(trace).read();
  } catch (const Json::exception& error) { // the library's way to say that a key or a type is not there
    return refuse(EINVAL, fmt::format("the trace is not one of daxemu's: {}", error.what()),
                  "give a file that daxemu trace wrote");
  }
}

} // namespace daxemu::cli
