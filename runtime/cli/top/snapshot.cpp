#include "runtime/cli/top/snapshot.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "emu/backing/backing.hpp"
#include "emu/base/clock.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/trace/trace.hpp"
#include "runtime/cli/state/comm.hpp"
#include "runtime/cli/state/device_mode.hpp"

namespace daxemu::cli {
namespace {

const char* state_word(store::DeviceState state) {
  return state == store::DeviceState::disabled ? "disabled" : mode_of(state);
}

ProcessSnapshot& process_of(std::vector<ProcessSnapshot>& processes, int pid) {
  const auto found = std::find_if(processes.begin(), processes.end(),
                                  [pid](const ProcessSnapshot& process) { return process.pid == pid; });
  if (found != processes.end()) {
    return *found;
  }
  processes.push_back({.pid = pid, .command = comm_of(pid), .engine = "-"}); // holds pages, maps nothing
  return processes.back();
}

void add_holds(std::vector<ProcessSnapshot>& processes, const std::vector<mm::Hold>& holds) {
  for (const mm::Hold& hold : holds) {
    ProcessSnapshot& process = process_of(processes, hold.pid);
    process.gets += hold.folios * hold.gets;
    process.pins += hold.folios * hold.pins;
    process.longterm = process.longterm || hold.longterm;
  }
}

} // namespace

Observer::Folios* Observer::folios_of(const store::DeviceRecord& device) {
  const std::string location(device.folios_location.view());
  if (const auto known = folios_.find(location); known != folios_.end()) {
    return &known->second;
  }
  auto raw = sys::open_own(location.c_str(), O_RDWR | O_CLOEXEC);
  if (!raw) {
    return nullptr;
  }
  UniqueFd fd(*raw);
  const std::uint64_t extents = dax::extent_count(device);
  auto table = mm::FolioTable::map(fd.get(), extents);
  auto copy = sys::dup_above(fd.get(), 3);
  auto holders = copy ? mm::HolderTable::open(UniqueFd(*copy), extents) : fail(EMFILE);
  if (!table || !holders) {
    return nullptr;
  }
  return &folios_.emplace(location, Folios{std::move(fd), std::move(*table), std::move(*holders)}).first->second;
}

PlatformSnapshot Observer::look(std::uint64_t cells) {
  const store::Platform& platform = store_.platform();
  PlatformSnapshot snapshot;
  snapshot.name = platform.name.view();
  snapshot.engine = to_string(platform.engine);
  snapshot.at_ns = trace::now_ns();
  const std::uint64_t now = clock_ns(CLOCK_REALTIME);
  snapshot.age_seconds = now > platform.created_ns ? (now - platform.created_ns) / 1'000'000'000U : 0;
  for (PlatformUser& user : platform_users(store_)) {
    snapshot.processes.push_back(
        {.pid = user.pid, .command = std::move(user.command), .engine = std::move(user.engine)});
  }
  const double seconds = looked_at_ns_ == 0 ? 0 : static_cast<double>(snapshot.at_ns - looked_at_ns_) / 1e9;
  for (const store::DeviceRecord& device : store_.devices()) {
    if (device.state.load() == store::DeviceState::absent) {
      continue;
    }
    DeviceSnapshot entry;
    entry.name = store_.name_of(device).view();
    entry.size = device.size.load();
    entry.align = device.align;
    entry.state = state_word(device.state.load());
    entry.backing = backing::to_string(device.backing.kind);
    entry.reason = device.backing.reason.view();
    entry.totals = totals_of(device);
    if (const auto before = faults_before_.find(entry.name); before != faults_before_.end() && seconds > 0) {
      entry.faults_per_second = static_cast<double>(entry.totals.faults - before->second) / seconds;
    }
    faults_before_[entry.name] = entry.totals.faults;
    if (Folios* folios = folios_of(device); folios != nullptr) {
      const unsigned order = log2_of(device.align) - static_cast<unsigned>(kPageShift);
      if (auto map = map_extents(folios->table, folios->fd.get(), order, cells)) {
        entry.map = std::move(*map);
      }
      if (const auto holds = folios->holders.list(folios->table)) {
        add_holds(snapshot.processes, *holds);
      }
    }
    snapshot.devices.push_back(std::move(entry));
  }
  snapshot.objects = cxl_regions(store_);
  for (BusObject& space : nd_namespaces(store_)) {
    snapshot.objects.push_back(std::move(space));
  }
  std::sort(snapshot.processes.begin(), snapshot.processes.end(),
            [](const ProcessSnapshot& a, const ProcessSnapshot& b) { return a.pid < b.pid; });
  looked_at_ns_ = snapshot.at_ns;
  return snapshot;
}

bool Observer::ended() const {
  return ::access(location_.c_str(), F_OK) != 0;
}

std::string snapshot_json(const PlatformSnapshot& snapshot) {
  nlohmann::ordered_json json;
  json["platform"] = snapshot.name;
  json["engine"] = snapshot.engine;
  json["age_seconds"] = snapshot.age_seconds;
  json["devices"] = nlohmann::ordered_json::array();
  for (const DeviceSnapshot& device : snapshot.devices) {
    nlohmann::ordered_json entry = {{"chardev", device.name},         {"size", device.size},
                                    {"align", device.align},          {"mode", device.state},
                                    {"backing", device.backing},      {"backing_reason", device.reason},
                                    {"faults", device.totals.faults}, {"sigbus", device.totals.sigbus}};
    for (std::size_t at = 0; at < kExtentStates; ++at) {
      entry["extents"][to_string(static_cast<ExtentState>(at))] = device.map.totals.at(at);
    }
    json["devices"].push_back(std::move(entry));
  }
  json["regions"] = nlohmann::ordered_json::array();
  for (const BusObject& object : snapshot.objects) {
    json["regions"].push_back({{"name", object.name},
                               {"size", object.size},
                               {"kind", object.kind},
                               {"state", object.state},
                               {"of", object.of},
                               {"device", object.device}});
  }
  json["processes"] = nlohmann::ordered_json::array();
  for (const ProcessSnapshot& process : snapshot.processes) {
    json["processes"].push_back({{"pid", process.pid},
                                 {"command", process.command},
                                 {"engine", process.engine},
                                 {"gets", process.gets},
                                 {"pins", process.pins},
                                 {"longterm", process.longterm}});
  }
  return json.dump(2) + "\n";
}

} // namespace daxemu::cli
