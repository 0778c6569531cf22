// daxemu list: the devices of the platform this shell is in, of the platforms that run now, and the machine's own.
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/backing/backing.hpp"
#include "emu/base/size_text.hpp"
#include "emu/base/unique_fd.hpp"
#include "emu/base/units.hpp"
#include "emu/mm/vmemmap.hpp"
#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/plan/memory_type.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/state/device_json.hpp"
#include "runtime/cli/state/device_mode.hpp"
#include "runtime/cli/state/platform_users.hpp"
#include "runtime/cli/state/statistics.hpp"
#include "runtime/cli/text/terminal.hpp"
#include "runtime/kernel/real_device.hpp"

namespace daxemu::cli {
namespace {

using Json = nlohmann::ordered_json;

Json device_json(const store::Store& store, const store::DeviceRecord& device) {
  Json json = daxctl_json(store, device);
  json["provider"] = "daxemu";
  json["platform"] = store.platform().name.view();
  json["kernel"] = store.profile().version;
  json["region"] = store.region_of(device).kind == store::RegionKind::pmem ? "pmem" : "hmem";
  json["type"] = memory_type_name(pgmap::behaviours_of_record(device.behaviours, store.profile()));
  json["backing"] = backing::to_string(device.backing.kind);
  json["backing_reason"] = device.backing.reason.view();
  const DeviceTotals sum = totals_of(device);
  json["faults"] = sum.faults;
  json["extents_touched"] = sum.extents;
  json["bytes_touched"] = sum.bytes;
  json["engine"] = to_string(store.platform().engine);
  json["users"] = Json::array();
  for (const PlatformUser& user : platform_users(store)) {
    json["users"].push_back({{"pid", user.pid}, {"command", user.command}, {"engine", user.engine}});
  }
  return json;
}

// What struct pages for a device would cost the kernel, and what daxemu spends in their place.
Json vmemmap_json(std::uint64_t size, std::uint64_t align, const std::string& folios) {
  Json json;
  const auto cost = mm::vmemmap_cost(size, log2_of(align) - unsigned{kPageShift});
  if (!cost) {
    return json; // of size 0
  }
  json["plain"] = cost->plain;
  json["deduplicated"] = cost->dedup;
  json["pages_each"] = cost->pages_each;
  json["pages_kept_each"] = cost->kept_each;
  json["altmap"] = cost->altmap;
  if (!folios.empty()) {
    if (const auto raw = sys::open(folios.c_str(), O_RDONLY | O_CLOEXEC); raw) {
      const UniqueFd fd(*raw);
      json["daxemu_now"] = mm::folio_file_resident(fd.get()).value_or(0);
    }
    json["daxemu_most"] = cost->daxemu_most;
  }
  return json;
}

Json device_json(const kernel::RealDevice& device) {
  Json json;
  json["chardev"] = device.name;
  json["size"] = device.size;
  json["target_node"] = device.target_node;
  json["align"] = device.align;
  json["mode"] = mode_of_driver(device.driver);
  if (device.driver.empty()) {
    json["state"] = "disabled";
  }
  json["provider"] = "kernel";
  return json;
}

void print_vmemmap(const Json& json, std::uint64_t align) {
  const auto bytes = [&](const char* name) { return size_text(json.value(name, std::uint64_t{0})); };
  fmt::print("           struct pages in the kernel: {} plain, {} deduplicated", bytes("plain"), bytes("deduplicated"));
  if (json["pages_each"] > 1) {
    fmt::print(" ({} of {} pages kept for each {})", json["pages_kept_each"].get<std::uint64_t>(),
               json["pages_each"].get<std::uint64_t>(), size_text(align));
  }
  fmt::print(", or {} of the device (altmap)\n", bytes("altmap"));
  if (json.contains("daxemu_now")) {
    fmt::print("           in daxemu: {} now, {} once every extent has been touched\n", bytes("daxemu_now"),
               bytes("daxemu_most"));
  }
}

// Which engine serves whom: asked for is one, what each process could have may be another.
void print_users(const Json& device) {
  fmt::print("           engine {}", device["engine"].get<std::string>());
  const char* before = ": ";
  for (const Json& user : device["users"]) {
    fmt::print("{}{} {} has {}", before, user["command"].get<std::string>(), user["pid"].get<int>(),
               user["engine"].get<std::string>());
    before = ", ";
  }
  fmt::print("\n");
}

void print_table(const Json& devices, bool verbose) {
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
               device.value("state", device["mode"].get<std::string>()), device["provider"].get<std::string>(),
               device.value("platform", std::string("-")), backing);
    if (device.contains("vmemmap") && !device["vmemmap"].is_null()) {
      print_vmemmap(device["vmemmap"], device["align"].get<std::uint64_t>());
    }
    if (verbose && device.contains("engine")) {
      print_users(device);
    }
  }
}

class ListVerb final : public Verb {
public:
  explicit ListVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("list", "List device-dax devices, emulated ones and the machine's own");
    verb.add_flag("--json", json_, "Print JSON");
    verb.add_flag("--verbose,-v", verbose_,
                  "Say which engine serves whom, what struct pages would cost, what daxemu spends");
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
          if (verbose_) {
            devices.back()["vmemmap"] =
                vmemmap_json(device.size.load(), device.align, std::string(device.folios_location.view()));
          }
        }
      }
    }
    if (inside == nullptr || *inside == '\0') {
      for (const kernel::RealDevice& device : kernel::real_devices()) {
        devices.push_back(device_json(device));
        if (verbose_) {
          devices.back()["vmemmap"] = vmemmap_json(device.size, device.align, "");
        }
      }
    }
    if (json_) {
      fmt::print("{}\n", devices.dump(2));
    } else {
      print_table(devices, verbose_);
    }
    return 0;
  }

private:
  bool json_ = false;
  bool verbose_ = false;
};

} // namespace

std::unique_ptr<Verb> add_list_verb(CLI::App& app) {
  return std::make_unique<ListVerb>(app);
}

} // namespace daxemu::cli
