// daxemu list: the devices of the platform this shell is in, of the platforms that run now, and the machine's own.
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/backing/backing.hpp"
#include "emu/base/size_text.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/device_json.hpp"
#include "runtime/cli/find_platform.hpp"
#include "runtime/cli/memory_type.hpp"
#include "runtime/cli/named_platform.hpp"
#include "runtime/cli/statistics.hpp"
#include "runtime/cli/terminal.hpp"
#include "runtime/kernel/real_device.hpp"

namespace daxemu::cli {
namespace {

using Json = nlohmann::ordered_json;

Json device_json(const store::Store& store, const store::DeviceRecord& device) {
  Json json = daxctl_json(store, device);
  json["provider"] = "daxemu";
  json["platform"] = store.platform().name.view();
  json["region"] = store.region_of(device).kind == store::RegionKind::pmem ? "pmem" : "hmem";
  json["type"] = memory_type_name(pgmap::behaviours_of_record(device.behaviours));
  json["backing"] = backing::to_string(device.backing.kind);
  json["backing_reason"] = device.backing.reason.view();
  const DeviceTotals sum = totals_of(device);
  json["faults"] = sum.faults;
  json["extents_touched"] = sum.extents;
  json["bytes_touched"] = sum.bytes;
  return json;
}

Json device_json(const kernel::RealDevice& device) {
  Json json;
  json["chardev"] = device.name;
  json["size"] = device.size;
  json["target_node"] = device.target_node;
  json["align"] = device.align;
  json["mode"] = device.driver == "kmem" ? "system-ram" : "devdax";
  if (device.driver.empty()) {
    json["state"] = "disabled";
  }
  json["provider"] = "kernel";
  return json;
}

void print_table(const Json& devices) {
  if (devices.empty()) {
    fmt::print("no device-dax here: no platform runs, and this machine has none of its own\n");
    return;
  }
  fmt::print("{:<10} {:>8} {:>6} {:<11} {:<8} {:<12} {}\n", "DEVICE", "SIZE", "ALIGN", "MODE", "PROVIDER", "PLATFORM",
             "BACKING");
  for (const Json& device : devices) {
    const std::string backing =
        device.contains("backing")
            ? fmt::format("{} ({})", device["backing"].get<std::string>(), device["backing_reason"].get<std::string>())
            : "the kernel's own device";
    fmt::print("{:<10} {:>8} {:>6} {:<11} {:<8} {:<12} {}\n", device["chardev"].get<std::string>(),
               size_text(device["size"].get<std::uint64_t>()), size_text(device["align"].get<std::uint64_t>()),
               device["mode"].get<std::string>(), device["provider"].get<std::string>(),
               device.value("platform", std::string("-")), backing);
  }
}

class ListVerb final : public Verb {
public:
  explicit ListVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("list", "List device-dax devices, emulated ones and the machine's own");
    verb.add_flag("--json", json_, "Print JSON");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    Json devices = Json::array();
    const char* inside = std::getenv("DAXEMU_PLATFORM");
    for (const std::string& platform : visible_platforms()) {
      auto store = open_platform(platform);
      if (!store) {
        if (inside != nullptr) {
          complain(store.error());
          return kExitRefused;
        }
        continue; // ended meanwhile, or another user's
      }
      for (const store::DeviceRecord& device : store->devices()) {
        if (device.state.load() != store::DeviceState::absent) {
          devices.push_back(device_json(*store, device));
        }
      }
    }
    if (inside == nullptr || *inside == '\0') {
      for (const kernel::RealDevice& device : kernel::real_devices()) {
        devices.push_back(device_json(device));
      }
    }
    if (json_) {
      fmt::print("{}\n", devices.dump(2));
    } else {
      print_table(devices);
    }
    return 0;
  }

private:
  bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> add_list_verb(CLI::App& app) {
  return std::make_unique<ListVerb>(app);
}

} // namespace daxemu::cli
