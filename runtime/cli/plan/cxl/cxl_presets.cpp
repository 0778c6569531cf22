#include "runtime/cli/plan/cxl/cxl_presets.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/nd/media/xor_maps.hpp"
#include "runtime/cli/text/nearest.hpp"

namespace daxemu::cli {
namespace {

using cxl::BelowSpec;
using cxl::HostBridgeSpec;
using cxl::MemdevSpec;
using cxl::SwitchSpec;
using cxl::TopologySpec;
using cxl::WindowSpec;

// What a preset has; its region is over the first `ways` of `order`, in the first window.
struct Preset {
  TopologySpec topology;
  std::vector<std::uint32_t> order;
  store::CxlMode mode = store::CxlMode::ram;
  std::optional<std::uint64_t> size; // of its region, where that is not asked for
  std::optional<std::uint32_t> ways;
  std::uint32_t granularity = 0; // the window's
};

BelowSpec port_of(const MemdevSpec& memdev) {
  BelowSpec port;
  port.memdev = {memdev};
  return port;
}

MemdevSpec volatile_memdev(const PresetWish& wish) {
  MemdevSpec memdev;
  memdev.ram = wish.size;
  memdev.numa_node = wish.numa_node;
  return memdev;
}

// A window that all memory of the topology fits in.
WindowSpec window(std::uint64_t size, std::vector<std::uint32_t> targets) {
  WindowSpec made;
  const std::uint64_t unit = kCxlUnit * targets.size();
  made.size = (size + unit - 1) / unit * unit;
  made.targets = std::move(targets);
  return made;
}

std::vector<std::uint32_t> count_up(std::uint32_t count) {
  std::vector<std::uint32_t> numbers(count);
  for (std::uint32_t at = 0; at < count; ++at) {
    numbers[at] = at;
  }
  return numbers;
}

// One host bridge, a memdev at each of its root ports, two windows.
Preset one_host_of(const PresetWish& wish, const MemdevSpec& memdev) {
  Preset made;
  const std::uint32_t memdevs = std::max(2U, wish.ways);
  made.topology.host_bridges.emplace_back();
  for (std::uint32_t at = 0; at < memdevs; ++at) {
    made.topology.host_bridges[0].root_ports.push_back(port_of(memdev));
  }
  made.topology.windows = {window(wish.size * memdevs, {0}), window(wish.size * memdevs, {0})};
  made.order = count_up(memdevs);
  return made;
}

Preset one_host(const PresetWish& wish) {
  return one_host_of(wish, volatile_memdev(wish));
}

Preset pmem(const PresetWish& wish) {
  MemdevSpec memdev;
  memdev.pmem = wish.size;
  memdev.numa_node = wish.numa_node;
  Preset made = one_host_of(wish, memdev);
  made.mode = store::CxlMode::pmem;
  return made;
}

// Two host bridges with memdevs of their own, a window for each, and one that interleaves over both.
Preset two_hosts(const PresetWish& wish) {
  Preset made;
  const std::uint32_t each = std::max(2U, (wish.ways + 1) / 2);
  for (std::uint32_t bridge = 0; bridge < 2; ++bridge) {
    HostBridgeSpec& spec = made.topology.host_bridges.emplace_back();
    for (std::uint32_t at = 0; at < each; ++at) {
      spec.root_ports.push_back(port_of(volatile_memdev(wish)));
    }
  }
  made.topology.windows = {window(wish.size * each, {0}), window(wish.size * each, {1})};
  const WindowSpec both = window(wish.size * each * 2, {0, 1});
  // The window of the region comes first: its root decoder has the id that region0 and dax0.0 get.
  made.topology.windows.insert(wish.ways == 1 ? made.topology.windows.end() : made.topology.windows.begin(), both);
  for (std::uint32_t at = 0; at < each; ++at) { // the bridges take turns
    made.order.push_back(at);
    made.order.push_back(each + at);
  }
  return made;
}

// One host bridge with one root port, and a switch below that with a memdev at each of its ports.
Preset with_switch(const PresetWish& wish) {
  Preset made;
  const std::uint32_t memdevs = std::max(4U, wish.ways);
  SwitchSpec below;
  for (std::uint32_t at = 0; at < memdevs; ++at) {
    below.ports.push_back(port_of(volatile_memdev(wish)));
  }
  BelowSpec root_port;
  root_port.switches = {below};
  made.topology.host_bridges.emplace_back().root_ports = {root_port};
  made.topology.windows = {window(wish.size * memdevs, {0})};
  made.order = count_up(memdevs);
  return made;
}

struct MockWindow {
  std::uint64_t units; // of 256M
  std::vector<std::uint32_t> targets;
  bool is_pmem;
  bool is_xor = false;
  std::uint32_t granularity = 4096; // bytes
};
// The topology of the kernel's own mock with its module's defaults (tools/testing/cxl/test/cxl.c, mem.c), without the
// host bridge of CXL 1.1 and its device: sizes, numbers and windows are the mock's, whatever is asked for.
Preset mock_of(const std::vector<MockWindow>& windows) {
  constexpr std::uint32_t kPortDecoders = 8;    // NR_CXL_PORT_DECODERS
  constexpr std::uint32_t kRootPorts = 4;       // NR_MULTI_ROOT: they take turns at two host bridges
  constexpr std::uint32_t kSwitchPorts = 2;     // of each switch
  constexpr std::uint64_t kDevice = 2ULL << 30; // DEV_SIZE: half of it volatile
  const auto mock_switch = [&](std::uint32_t first, std::uint32_t step) {
    SwitchSpec made;
    made.decoders = kPortDecoders;
    for (std::uint32_t at = 0; at < kSwitchPorts; ++at) {
      MemdevSpec memdev;
      memdev.either = kDevice;
      memdev.either_pmem = kDevice / 2;
      memdev.label_size = 128ULL << 10;  // LSA_SIZE
      memdev.serial = first + at * step; // the number of the platform device
      memdev.decoders = kPortDecoders;
      memdev.firmware = "mock fw v1 ";
      BelowSpec port = port_of(memdev);
      port.number = first + at * step;
      made.ports.push_back(port);
    }
    return made;
  };
  const auto root_port = [&](std::uint32_t number, const SwitchSpec& below) {
    BelowSpec port;
    port.switches = {below};
    port.number = number;
    return port;
  };
  Preset made;
  made.topology.mock = true;
  made.topology.host_bridges.resize(3);
  for (std::uint32_t at = 0; at < kRootPorts; ++at) {
    made.topology.host_bridges[at % 2].root_ports.push_back(root_port(at, mock_switch(at, kRootPorts)));
  }
  made.topology.host_bridges[2].root_ports.push_back(root_port(kRootPorts, mock_switch(kRootPorts * kSwitchPorts, 1)));
  for (const MockWindow& given : windows) {
    WindowSpec& window = made.topology.windows.emplace_back();
    window.size = given.units * kCxlUnit;
    window.targets = given.targets;
    window.granularity = given.granularity;
    window.is_xor = given.is_xor;
    window.ram = !given.is_pmem;
    window.pmem = given.is_pmem;
    window.qos_class = 42; // FAKE_QTG_ID
  }
  for (HostBridgeSpec& bridge : made.topology.host_bridges) {
    bridge.decoders = kPortDecoders;
  }
  return made;
}

Preset cxl_test(const PresetWish& /*wish*/) {
  Preset made = mock_of({{4, {0}, false}, {8, {0, 1}, false}, {4, {0}, true}, {8, {0, 1}, true}, {4, {2}, true}});
  made.order = {0, 1}; // cxl_mem.0 and cxl_mem.4, which its firmware has made a region of
  made.size = 512ULL << 20;
  made.ways = 2;
  made.granularity = 4096; // a window of one target advertises the smallest (__cxl_parse_cfmws)
  return made;
}

// The same with its option interleave_arithmetic=1: other windows, but for the one that names host bridges twice. Its
// firmware has made no region; the one that a run begins with is persistent.
Preset cxl_test_xor(const PresetWish& /*wish*/) {
  Preset made = mock_of({{8, {0}, true, true}, {8, {0, 1}, true, true, nd::kXorGranularity}});
  made.order = {0};
  made.mode = store::CxlMode::pmem;
  made.size = 512ULL << 20;
  made.ways = 1;
  made.granularity = 4096;
  return made;
}

struct Named {
  const char* name;
  Preset (*make)(const PresetWish& wish);
  std::uint32_t most_ways; // a decoder has 8 targets at most (cxl_port_attach_region: over capacity)
};
constexpr std::array<Named, 6> kPresets = {{{kDefaultPreset, one_host, 8},
                                            {"two-hosts", two_hosts, 16},
                                            {"switch", with_switch, 8},
                                            {"pmem", pmem, 8},
                                            {kMockPreset, cxl_test, 1},
                                            {kMockXorPreset, cxl_test_xor, 1}}};

} // namespace

std::string known_presets(const char* between) {
  std::string names;
  for (const Named& preset : kPresets) {
    names += (names.empty() ? "" : between) + std::string(preset.name);
  }
  return names;
}

Outcome<CxlPlan> cxl_preset(const PresetWish& wish) {
  const auto* found =
      std::find_if(kPresets.begin(), kPresets.end(), [&](const Named& preset) { return wish.name == preset.name; });
  if (found == kPresets.end()) {
    std::vector<std::string> names;
    names.reserve(kPresets.size());
    for (const Named& preset : kPresets) {
      names.emplace_back(preset.name);
    }
    const std::string near = nearest(wish.name, names);
    return refuse(EINVAL, fmt::format("--preset {} is not known", wish.name),
                  (near.empty() ? "" : fmt::format("did you mean {}? ", near)) + "use one of: " + known_presets());
  }
  constexpr std::array<std::uint32_t, 5> kWays = {1, 2, 4, 8, 16}; // of others each three host bridges have a part
  if (std::find(kWays.begin(), kWays.end(), wish.ways) == kWays.end()) {
    return refuse(EINVAL, fmt::format("--ways {} are no ways of interleaving", wish.ways),
                  "use 1, 2, 4, 8 or 16; 3, 6 and 12 take three host bridges, which a file can describe");
  }
  if (wish.ways > found->most_ways) {
    return refuse(EINVAL, fmt::format("--ways {} are more than --preset {} has", wish.ways, wish.name),
                  fmt::format("use {}{}", found->most_ways, found->most_ways == 8 ? ", or --preset two-hosts" : ""));
  }
  const std::uint64_t unit = kCxlUnit * wish.ways;
  if (wish.size == 0 || wish.size % unit != 0) {
    return refuse(EINVAL,
                  fmt::format("--size {} is not a multiple of {} (256M for each of the --ways)", size_text(wish.size),
                              size_text(unit)),
                  nearest_multiples("--size ", wish.size, unit));
  }
  Preset made = found->make(wish);
  CxlPlan plan;
  plan.topology = std::move(made.topology);
  if (wish.with_region) {
    CxlRegionPlan region;
    region.mode = made.mode;
    region.granularity = made.granularity;
    region.memdevs.assign(made.order.begin(), made.order.begin() + made.ways.value_or(wish.ways));
    region.size = made.size.value_or(wish.size);
    plan.regions.push_back(region);
  }
  return plan;
}

} // namespace daxemu::cli
