#include "runtime/cli/plan/cxl/cxl_file.hpp"

#include <algorithm>
#include <filesystem>

#include "runtime/cli/plan/cxl/cxl_presets.hpp"

namespace daxemu::cli {
namespace {

constexpr Word<store::CxlMode> kCxlModes[] = {{"ram", store::CxlMode::ram}, {"pmem", store::CxlMode::pmem}};
constexpr const char* kMemdevExample = R"({ "ram": "1G" })";
constexpr const char* kPortExample = R"({ "memdev": { "ram": "1G" } })";

cxl::MemdevSpec read_memdev(Fields& fields) {
  cxl::MemdevSpec memdev;
  fields.only(
      {"ram", "pmem", "either", "either_pmem", "labels", "serial", "firmware", "decoders", "numa_node", "share"});
  fields.text("share", memdev.share);
  fields.size("ram", memdev.ram);
  fields.size("pmem", memdev.pmem);
  fields.size("either", memdev.either);
  fields.size("either_pmem", memdev.either_pmem);
  fields.size("labels", memdev.label_size);
  if (fields.has("serial")) {
    std::uint64_t serial = 0;
    fields.large_number("serial", serial);
    memdev.serial = serial;
  }
  fields.text("firmware", memdev.firmware);
  fields.number("decoders", memdev.decoders);
  std::optional<int> node;
  fields.node("numa_node", node);
  memdev.numa_node = node.value_or(memdev.numa_node);
  return memdev;
}

cxl::BelowSpec read_port(Fields& fields) {
  cxl::BelowSpec port;
  fields.only({"memdev", "switch", "number"});
  if (fields.has("number")) {
    std::uint32_t number = 0;
    fields.number("number", number);
    port.number = number;
  }
  fields.object(
      "memdev", [&](Fields& memdev) { port.memdev.push_back(read_memdev(memdev)); }, kMemdevExample);
  fields.object(
      "switch",
      [&](Fields& below) {
        cxl::SwitchSpec made;
        below.only({"decoders", "ports"});
        below.number("decoders", made.decoders);
        below.list(
            "ports", [&](Fields& each) { made.ports.push_back(read_port(each)); }, kPortExample);
        port.switches.push_back(made);
      },
      R"({ "ports": [ { "memdev": { "ram": "1G" } } ] })");
  return port;
}

cxl::WindowSpec read_window(Fields& fields) {
  cxl::WindowSpec window;
  fields.only({"size", "targets", "granularity", "ram", "pmem", "qos_class", "target_node"});
  fields.size("size", window.size);
  fields.numbers("targets", window.targets);
  std::uint64_t granularity = window.granularity;
  fields.size("granularity", granularity);
  window.granularity = static_cast<std::uint32_t>(std::min<std::uint64_t>(granularity, UINT32_MAX));
  fields.boolean("ram", window.ram);
  fields.boolean("pmem", window.pmem);
  std::uint32_t qos_class = 0;
  fields.number("qos_class", qos_class);
  window.qos_class = static_cast<std::int32_t>(qos_class);
  if (fields.has("target_node")) {
    std::uint32_t node = 0;
    fields.number("target_node", node);
    window.target_node = static_cast<std::int32_t>(node);
  }
  return window;
}

CxlRegionPlan read_region(Fields& fields) {
  CxlRegionPlan region;
  fields.only({"window", "type", "memdevs", "granularity", "size", "align", "driver", "uuid"});
  fields.number("window", region.window);
  fields.word("type", kCxlModes, region.mode);
  region.memdevs = {0};
  fields.numbers("memdevs", region.memdevs);
  std::uint64_t granularity = 0;
  fields.size("granularity", granularity);
  region.granularity = static_cast<std::uint32_t>(std::min<std::uint64_t>(granularity, UINT32_MAX));
  fields.size("size", region.size);
  fields.size("align", region.align);
  fields.word("driver", kDriverWords, region.driver);
  for (const char* key : {"align", "driver"}) {
    if (region.mode == store::CxlMode::pmem && fields.has(key)) {
      fields.mistake(fields.path_of(key),
                     fmt::format("{} is of a device, and a persistent region is none by itself", fields.path_of(key)),
                     "leave it out: ndctl says what a device that it makes is");
    }
  }
  fields.uuid("uuid", region.uuid);
  return region;
}

// A window for each host bridge, in which all its memory has room.
void add_windows(cxl::TopologySpec& topology) {
  for (std::uint32_t bridge = 0; bridge < topology.host_bridges.size(); ++bridge) {
    cxl::TopologySpec alone;
    alone.host_bridges = {topology.host_bridges[bridge]};
    std::uint64_t size = 0;
    for (const cxl::MemdevSpec* memdev : memdevs_of(alone)) {
      size += memdev->ram + memdev->pmem + memdev->either;
    }
    if (size != 0) {
      cxl::WindowSpec& window = topology.windows.emplace_back();
      window.size = size;
      window.targets = {bridge};
    }
  }
}

void read_preset(Fields& fields, CxlPlan& plan) {
  PresetWish wish;
  fields.only({"preset", "size", "ways", "image", "share", "regions"});
  fields.text("preset", wish.name);
  fields.size("size", wish.size);
  fields.number("ways", wish.ways);
  if (!fields.ok()) {
    return;
  }
  auto made = cxl_preset(wish);
  if (!made) {
    const std::string& what = made.error().what;
    fields.problem_of(what.starts_with("--size")   ? "size"
                      : what.starts_with("--ways") ? "ways"
                                                   : "preset",
                      made.error());
    return;
  }
  plan = std::move(*made);
  if (fields.has("regions")) {
    plan.regions.clear();
  }
}

} // namespace

CxlPlan read_cxl(Fields& fields, const Profile& kernel) {
  CxlPlan plan;
  if (fields.has("preset")) {
    read_preset(fields, plan);
  } else {
    fields.only({"preset", "host_bridges", "start", "windows", "image", "share", "regions"});
    fields.size("start", plan.topology.phys_start);
    fields.list(
        "host_bridges",
        [&](Fields& each) {
          cxl::HostBridgeSpec bridge;
          each.only({"decoders", "bus", "bus_from", "root_ports"});
          for (const char* key : {"bus", "bus_from"}) {
            if (each.has(key)) {
              std::uint32_t bus = 0;
              each.number(key, bus);
              bridge.bus = bus;
              bridge.bus_may_move = std::string_view(key) == "bus_from";
            }
          }
          each.number("decoders", bridge.decoders);
          each.list(
              "root_ports", [&](Fields& port) { bridge.root_ports.push_back(read_port(port)); }, kPortExample);
          plan.topology.host_bridges.push_back(std::move(bridge));
        },
        R"({ "root_ports": [ { "memdev": { "ram": "1G" } } ] })");
    fields.list("windows", [&](Fields& each) { plan.topology.windows.push_back(read_window(each)); });
    if (!fields.has("windows")) {
      add_windows(plan.topology);
    }
  }
  std::string share;
  fields.text("share", share);
  share_all(plan.topology, share);
  std::string image;
  fields.text("image", image);
  plan.images = image.empty() ? image : std::filesystem::absolute(image).string();
  fields.list(
      "regions", [&](Fields& each) { plan.regions.push_back(read_region(each)); }, R"({ "memdevs": [ 0 ] })");
  if (fields.ok()) {
    if (const auto found = check_cxl(plan, kernel)) {
      fields.problem_of(found->path.c_str(), found->problem);
    }
  }
  return plan;
}

} // namespace daxemu::cli
