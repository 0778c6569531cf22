// daxemu list: the devices of the platform this shell is in, of the platforms that run now, and the machine's own.
#include <algorithm>
#include <cstdlib>
#include <iterator>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/backing/backing.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "emu/mm/vmemmap.hpp"
#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/plan/memory_type.hpp"
#include "runtime/cli/plan/words.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/state/cxl_json.hpp"
#include "runtime/cli/state/device_json.hpp"
#include "runtime/cli/state/device_mode.hpp"
#include "runtime/cli/state/platform_tree.hpp"
#include "runtime/cli/state/platform_users.hpp"
#include "runtime/cli/state/statistics.hpp"
#include "runtime/cli/text/joined.hpp"
#include "runtime/cli/text/terminal.hpp"
#include "runtime/cli/text/wrapped.hpp"
#include "runtime/kernel/real_device.hpp"

namespace daxemu::cli {
namespace {

using Json = nlohmann::ordered_json;

const char* kind_word(store::RegionKind kind) {
  const auto* found = std::find_if(std::begin(kRegionsOfFlags), std::end(kRegionsOfFlags),
                                   [kind](const Word<store::RegionKind>& word) { return word.value == kind; });
  return found == std::end(kRegionsOfFlags) ? "?" : found->text;
}

Json device_json(const store::Store& store, const store::DeviceRecord& device) {
  Json json = daxctl_json(store, device);
  json["provider"] = "daxemu";
  json["platform"] = store.platform().name.view();
  json["kernel"] = store.profile().version;
  json["region"] = kind_word(store.region_of(device).kind);
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

// Lines below a device's own, as wide as the terminal is.
constexpr std::size_t kBelow = 11;
void print_below(std::string_view text) {
  fmt::print("{:{}}{}\n", "", kBelow, wrapped(text, kBelow, std::max(line_width(), 2 * kBelow) - kBelow));
}

void print_vmemmap(const Json& json, std::uint64_t align) {
  const auto bytes = [&](const char* name) { return size_text(json.value(name, std::uint64_t{0})); };
  std::string kept;
  if (json["pages_each"] > 1) {
    kept = fmt::format(" ({} of {} pages kept for each {})", json["pages_kept_each"].get<std::uint64_t>(),
                       json["pages_each"].get<std::uint64_t>(), size_text(align));
  }
  print_below(fmt::format("struct pages in the kernel: {} plain, {} deduplicated{}, or {} of the device (altmap)",
                          bytes("plain"), bytes("deduplicated"), kept, bytes("altmap")));
  if (json.contains("daxemu_now")) {
    print_below(fmt::format("in daxemu: {} now, {} once every extent has been touched", bytes("daxemu_now"),
                            bytes("daxemu_most")));
  }
}

// Which engine serves whom: asked for is one, what each process could have may be another.
void print_users(const Json& device) {
  std::string text = "engine " + device["engine"].get<std::string>();
  const char* before = ": ";
  for (const Json& user : device["users"]) {
    text += fmt::format("{}{} {} has {}", before, user["command"].get<std::string>(), user["pid"].get<int>(),
                        user["engine"].get<std::string>());
    before = ", ";
  }
  print_below(text);
}

// The text, or as much of it as fits, with a sign of that.
std::string cut(std::string text, std::size_t width) {
  if (text.size() > width) {
    text = text.substr(0, width - 1) + "…";
  }
  return text;
}

// A table that fits the terminal: where why a device has its backing does not, that is told below the table, once.
class Table {
public:
  explicit Table(const Json& devices) : width_(line_width()) {
    std::size_t longest_reason = 0;
    for (const Json& device : devices) {
      device_ = std::max(device_, device["chardev"].get<std::string>().size());
      platform_ = std::max(platform_, platform_of(device).size());
      longest_reason = std::max(longest_reason, in_full(device).size());
    }
    const std::size_t others = device_ + 1 + 8 + 1 + 6 + 1 + 11 + 1 + 8 + 1 + 1; // with the blanks between them
    has_reasons_ = others + platform_ + longest_reason <= width_;
    const std::size_t least = 12;
    if (others + platform_ + kBacking > width_) {
      platform_ = std::max(least, width_ - std::min(width_, others + kBacking));
    }
  }
  void print_head() const { print("DEVICE", "SIZE", "ALIGN", "MODE", "PROVIDER", "PLATFORM", "BACKING"); }
  void print_row(const Json& device) {
    const std::string full = in_full(device);
    const std::string short_form = device.value("backing", std::string("-"));
    if (!has_reasons_ && device.contains("backing") && std::ranges::find(told_below_, full) == told_below_.end()) {
      told_below_.push_back(full);
    }
    print(device["chardev"].get<std::string>(), size_text(device["size"].get<std::uint64_t>()),
          size_text(device["align"].get<std::uint64_t>()), device.value("state", device["mode"].get<std::string>()),
          device["provider"].get<std::string>(), cut(platform_of(device), platform_), has_reasons_ ? full : short_form);
  }
  void print_foot() const {
    fmt::print("{}", told_below_.empty() ? "" : "\n");
    for (const std::string& line : told_below_) {
      fmt::print("{}\n", wrapped(line, 2, width_ - 2));
    }
  }

private:
  static constexpr std::size_t kBacking = 7; // hugetlb, or the head of the column

  static std::string platform_of(const Json& device) { return device.value("platform", std::string("-")); }
  static std::string in_full(const Json& device) {
    return device.contains("backing") ? fmt::format("{} ({})", device["backing"].get<std::string>(),
                                                    device["backing_reason"].get<std::string>())
                                      : "the kernel's own device";
  }
  void print(std::string_view device, std::string_view size, std::string_view align, std::string_view mode,
             std::string_view provider, std::string_view platform, std::string_view backing) const {
    // A sign of three bytes is one character to a terminal, and to fmt.
    fmt::print("{:<{}} {:>8} {:>6} {:<11} {:<8} {:<{}} {}\n", device, device_, size, align, mode, provider, platform,
               platform_, backing);
  }

  std::size_t width_;
  std::size_t device_ = 10;
  std::size_t platform_ = 12;
  bool has_reasons_ = true;
  std::vector<std::string> told_below_;
};

void print_table(const Json& devices, bool verbose) {
  if (devices.empty()) {
    fmt::print("no device-dax here: no platform runs, and this machine has none of its own\n");
    return;
  }
  Table table(devices);
  table.print_head();
  for (const Json& device : devices) {
    table.print_row(device);
    if (device.contains("vmemmap") && !device["vmemmap"].is_null()) {
      print_vmemmap(device["vmemmap"], device["align"].get<std::uint64_t>());
    }
    if (verbose && device.contains("engine")) {
      print_users(device);
    }
  }
  table.print_foot();
}

// What a CXL bus has, a line each.
void print_cxl(const Json& bus) {
  constexpr std::size_t kBeforeLast = 10 + 1 + 8 + 1 + 11 + 1 + 8 + 1 + 12 + 1;
  fmt::print("{:<10} {:>8} {:<11} {:<8} {:<12} {}\n", "CXL", "SIZE", "TYPE", "STATE", "PLATFORM", "OF");
  const auto line = [&](const std::string& name, std::uint64_t size, const std::string& type, const std::string& state,
                        const std::string& of) {
    fmt::print("{:<10} {:>8} {:<11} {:<8} {:<12} {}\n", name, size_text(size), type, state,
               bus["platform"].get<std::string>(),
               wrapped(of, kBeforeLast, std::max(line_width(), kBeforeLast + 12) - kBeforeLast));
  };
  for (const Json& memdev : bus["memdevs"]) {
    const std::uint64_t ram = memdev.value("ram_size", std::uint64_t{0});
    const std::uint64_t pmem = memdev.value("pmem_size", std::uint64_t{0});
    const std::uint64_t errors = memdev["media_errors"].get<std::uint64_t>();
    line(memdev["memdev"].get<std::string>(), ram + pmem,
         pmem == 0  ? "ram"
         : ram == 0 ? "pmem"
                    : "ram, pmem",
         memdev.value("state", std::string("enabled")),
         memdev["host"].get<std::string>() + (errors == 0 ? "" : fmt::format(", {} media errors", errors)));
  }
  for (const Json& decoder : bus["decoders"]) {
    if (decoder.contains("nr_targets")) { // a window: what regions are made in
      line(decoder["decoder"].get<std::string>(), decoder["size"].get<std::uint64_t>(), "window", "-",
           fmt::format("{} way{} of {}", decoder["interleave_ways"].get<int>(),
                       decoder["interleave_ways"] == 1 ? "" : "s", decoder["interleave_granularity"].get<int>()));
    }
  }
  for (const Json& region : bus["regions"]) {
    line(region["region"].get<std::string>(), region["size"].get<std::uint64_t>(), region["type"].get<std::string>(),
         region["decode_state"].get<std::string>(),
         joined(region["memdevs"].get<std::vector<std::string>>(), ", ") +
             (region["devices"].empty() ? "" : ": " + joined(region["devices"].get<std::vector<std::string>>(), ", ")));
  }
}

class ListVerb final : public Verb {
public:
  explicit ListVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("list", "List device-dax devices, emulated ones and the machine's own");
    verb.add_flag("--json", json_, "Print JSON");
    verb.add_flag("--cxl", cxl_, "List memdevs, decoders and regions of CXL buses in place of devices");
    verb.add_flag("--tree", tree_, "Print each platform as a tree: buses, regions, namespaces, devices, processes");
    verb.add_flag("--verbose,-v", verbose_,
                  "Say which engine serves whom, what struct pages would cost, what daxemu spends");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    if (tree_ && (json_ || cxl_ || verbose_)) {
      return refuse_with(
          {{EINVAL, "--tree does not go with --json, --cxl or --verbose", "give one of them"}, kExitRefused});
    }
    Json devices = Json::array();
    Json buses = Json::array();
    std::vector<std::string> trees;
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
      if (tree_) {
        trees.push_back(tree_text(platform_tree(*store)));
      }
      if (const Json bus = cxl_json(*store); !bus.is_null()) {
        Json entry = {{"platform", store->platform().name.view()}};
        entry.update(bus);
        buses.push_back(std::move(entry));
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
    if (tree_) {
      return print_trees(trees, devices);
    }
    if (json_) {
      fmt::print("{}\n", (cxl_ ? buses : devices).dump(2));
      return 0;
    }
    if (!cxl_) {
      print_table(devices, verbose_);
    } else if (buses.empty()) {
      fmt::print("no platform with a CXL bus runs here\n");
    }
    for (const Json& bus : buses) {
      fmt::print("{}", cxl_ ? "" : "\n"); // below the devices
      print_cxl(bus);
    }
    return 0;
  }

private:
  // The machine's own devices are those that no platform has.
  static int print_trees(const std::vector<std::string>& trees, const Json& devices) {
    for (const std::string& tree : trees) {
      fmt::print("{}", tree);
    }
    TreeNode machine{"this machine"};
    for (const Json& device : devices) {
      if (device["provider"] == "kernel") {
        machine.below.push_back({fmt::format("{}  {} in extents of {}, {}", device["chardev"].get<std::string>(),
                                             size_text(device["size"].get<std::uint64_t>()),
                                             size_text(device["align"].get<std::uint64_t>()),
                                             device.value("state", device["mode"].get<std::string>()))});
      }
    }
    if (!machine.below.empty()) {
      fmt::print("{}", tree_text(machine));
    } else if (trees.empty()) {
      fmt::print("no device-dax here: no platform runs, and this machine has none of its own\n");
    }
    return 0;
  }

  bool json_ = false;
  bool cxl_ = false;
  bool tree_ = false;
  bool verbose_ = false;
};

} // namespace

std::unique_ptr<Verb> add_list_verb(CLI::App& app) {
  return std::make_unique<ListVerb>(app);
}

} // namespace daxemu::cli
