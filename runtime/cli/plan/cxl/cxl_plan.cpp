#include "runtime/cli/plan/cxl/cxl_plan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <set>

#include <fmt/format.h>

#include "emu/backing/placement.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "emu/cxl/enumeration/topology_check.hpp"

namespace daxemu::cli {
namespace {

// eiw_to_ways() in drivers/cxl/cxl.h.
constexpr std::array<std::size_t, 8> kWays = {1, 2, 3, 4, 6, 8, 12, 16};
// What a decoder capability can say (CXL 3.0, 8.2.4.19.1) of devices of CXL 2.0.
constexpr std::array<std::uint32_t, 6> kDecoders = {1, 2, 4, 6, 8, 10};

// So that no sum of sizes is more than a number holds.
constexpr std::uint64_t kMostOfMemdev = 4ULL << 40;
constexpr std::uint64_t kMostOfWindow = 256ULL << 40;
// MAX_NUMNODES - 1 of the kernels mirrored (CONFIG_NODES_SHIFT=10).
constexpr std::int32_t kLastNode = 1023;

std::optional<CxlMistake> mistake(std::string path, std::string what, std::string remedy) {
  return CxlMistake{std::move(path), {EINVAL, std::move(what), std::move(remedy)}};
}

void collect(const std::vector<cxl::BelowSpec>& ports, std::vector<const cxl::MemdevSpec*>& memdevs) {
  for (const cxl::BelowSpec& port : ports) {
    for (const cxl::MemdevSpec& memdev : port.memdev) {
      memdevs.push_back(&memdev);
    }
    for (const cxl::SwitchSpec& below : port.switches) {
      collect(below.ports, memdevs);
    }
  }
}

void share_below(std::vector<cxl::BelowSpec>& ports, const std::string& share) {
  for (cxl::BelowSpec& port : ports) {
    for (cxl::MemdevSpec& memdev : port.memdev) {
      memdev.share = memdev.share.empty() ? share : memdev.share;
    }
    for (cxl::SwitchSpec& below : port.switches) {
      share_below(below.ports, share);
    }
  }
}

std::optional<CxlMistake> check_decoders(const std::string& path, std::uint32_t decoders) {
  if (std::find(kDecoders.begin(), kDecoders.end(), decoders) != kDecoders.end()) {
    return std::nullopt;
  }
  return mistake(path + ".decoders", fmt::format("{} decoders are not what a decoder capability can say", decoders),
                 "use 1, 2, 4, 6, 8 or 10");
}

// A function of the bus says which of the machine's nodes it is near to.
std::optional<CxlMistake> check_node(const std::string& path, std::int32_t node) {
  if (node < 0) {
    return std::nullopt;
  }
  static const auto kMachine = backing::Topology::load();
  const auto cpus = kMachine ? kMachine->cpus_of(node) : Outcome<store::CpuMask>(tl::unexpected(kMachine.error()));
  return cpus ? std::nullopt : std::optional(CxlMistake{path + ".numa_node", cpus.error()});
}

std::optional<CxlMistake> check(const std::string& path, const cxl::MemdevSpec& memdev) {
  const struct {
    const char* key;
    std::uint64_t bytes;
  } capacities[] = {
      {".ram", memdev.ram}, {".pmem", memdev.pmem}, {".either", memdev.either}, {".either_pmem", memdev.either_pmem}};
  for (const auto& capacity : capacities) {
    if (capacity.bytes > kMostOfMemdev) {
      return mistake(path + capacity.key, fmt::format("{} is more than a memdev can have", size_text(capacity.bytes)),
                     fmt::format("use {} or less", size_text(kMostOfMemdev)));
    }
    if (capacity.bytes % kCxlUnit != 0) {
      return mistake(path + capacity.key, fmt::format("{} is not a multiple of 256M", size_text(capacity.bytes)),
                     nearest_multiples("", capacity.bytes, kCxlUnit));
    }
  }
  if (memdev.either_pmem > memdev.either) {
    return mistake(
        path + ".either_pmem",
        fmt::format("{} of {} cannot be persistent", size_text(memdev.either_pmem), size_text(memdev.either)),
        fmt::format("use {} or less", size_text(memdev.either)));
  }
  constexpr std::size_t kMostOfFirmware = 16; // CXL_IDENTIFY has that many bytes of it
  if (memdev.firmware.size() > kMostOfFirmware) {
    return mistake(path + ".firmware", fmt::format("{} is no name of a firmware", memdev.firmware),
                   "use 16 characters or less");
  }
  if (memdev.ram + memdev.pmem + memdev.either == 0) {
    return mistake(path, "this memdev has no memory", "add \"ram\": \"1G\", \"pmem\" or \"either\"");
  }
  if (auto found = check_node(path, memdev.numa_node)) {
    return found;
  }
  constexpr std::uint64_t kMostLabels = 1ULL << 30;
  if (!is_aligned(memdev.label_size, kPageSize) || memdev.label_size > kMostLabels) {
    return mistake(path + ".labels", fmt::format("{} is no label area", size_text(memdev.label_size)),
                   "use a multiple of 4K, such as 128K or 1M");
  }
  return check_decoders(path, memdev.decoders);
}

std::optional<CxlMistake> check(const std::string& path, const std::vector<cxl::BelowSpec>& ports) {
  for (std::size_t at = 0; at < ports.size(); ++at) {
    const std::string port = fmt::format("{}[{}]", path, at);
    if (ports[at].memdev.size() + ports[at].switches.size() > 1) {
      return mistake(port, "a port leads to a memdev or to a switch", "give each a port of its own");
    }
    for (const cxl::MemdevSpec& memdev : ports[at].memdev) {
      if (auto found = check(port + ".memdev", memdev)) {
        return found;
      }
    }
    for (const cxl::SwitchSpec& below : ports[at].switches) {
      if (auto found = check_decoders(port + ".switch", below.decoders)) {
        return found;
      }
      if (below.ports.empty()) {
        return mistake(port + ".switch", "a switch has ports", R"(add "ports": [ { "memdev": { "ram": "1G" } } ])");
      }
      if (auto found = check(port + ".switch.ports", below.ports)) {
        return found;
      }
    }
  }
  return std::nullopt;
}

std::optional<CxlMistake> check_ways(const std::string& path, std::size_t ways, const char* of_what) {
  if (std::find(kWays.begin(), kWays.end(), ways) != kWays.end()) {
    return std::nullopt;
  }
  return mistake(path, fmt::format("{} {} are no ways of interleaving", ways, of_what),
                 fmt::format("use one of: {}", fmt::join(kWays, ", ")));
}

std::optional<CxlMistake> check_granularity(const std::string& path, std::uint32_t granularity) {
  // granularity_to_eig()
  if (granularity >= 256 && granularity <= 16384 && (granularity & (granularity - 1)) == 0) {
    return std::nullopt;
  }
  return mistake(path + ".granularity", fmt::format("{} is no interleave granularity", granularity),
                 "use 256, 512, 1024, 2048, 4096, 8192 or 16384");
}

std::optional<CxlMistake> check(const std::string& path, const cxl::WindowSpec& window, std::size_t bridges) {
  if (auto found = check_ways(path + ".targets", window.targets.size(), "targets")) {
    return found;
  }
  std::set<std::uint32_t> seen;
  for (const std::uint32_t target : window.targets) {
    if (target >= bridges) {
      return mistake(path + ".targets", fmt::format("there is no host bridge {}", target),
                     fmt::format("the host bridges are 0 to {}", bridges - 1));
    }
    if (!seen.insert(target).second) {
      return mistake(path + ".targets", fmt::format("host bridge {} is there twice", target), "name each once");
    }
  }
  const std::uint64_t unit = kCxlUnit * window.targets.size(); // CXL 3.0, 9.17.1.3; the kernel asks for 256M
  if (window.size == 0 || window.size % unit != 0) {
    return mistake(
        path + ".size",
        fmt::format("{} is not a multiple of {} (256M for each target)", size_text(window.size), size_text(unit)),
        nearest_multiples("", window.size, unit));
  }
  if (window.size > kMostOfWindow) {
    return mistake(path + ".size", fmt::format("{} is more than a window can have", size_text(window.size)),
                   fmt::format("use {} or less", size_text(kMostOfWindow)));
  }
  if (!window.ram && !window.pmem) {
    return mistake(path, "a window for neither ram nor pmem", "let one of them be true");
  }
  if (window.target_node > kLastNode) {
    return mistake(path + ".target_node", fmt::format("there is no NUMA node {}", window.target_node),
                   fmt::format("use 0 to {}", kLastNode));
  }
  return check_granularity(path, window.granularity);
}

// The memdevs that a region names, or what is wrong with the list.
std::optional<CxlMistake> check_targets(const std::string& path, const CxlRegionPlan& region,
                                        const std::vector<const cxl::MemdevSpec*>& memdevs) {
  if (auto found = check_ways(path + ".memdevs", region.memdevs.size(), "memdevs")) {
    return found;
  }
  std::set<std::uint32_t> seen;
  for (const std::uint32_t number : region.memdevs) {
    if (number >= memdevs.size()) {
      return mistake(path + ".memdevs", fmt::format("there is no memdev {}", number),
                     fmt::format("the memdevs are 0 to {}, in the order of the file", memdevs.size() - 1));
    }
    if (!seen.insert(number).second) {
      return mistake(path + ".memdevs", fmt::format("memdev {} is there twice", number), "name each once");
    }
  }
  return std::nullopt;
}

std::optional<CxlMistake> check(const std::string& path, CxlRegionPlan& region, const CxlPlan& plan,
                                const std::vector<const cxl::MemdevSpec*>& memdevs) {
  if (region.window >= plan.topology.windows.size()) {
    return mistake(path + ".window", fmt::format("there is no window {}", region.window),
                   fmt::format("the windows are 0 to {}", plan.topology.windows.size() - 1));
  }
  if (auto found = check_targets(path, region, memdevs)) {
    return found;
  }
  const cxl::WindowSpec& window = plan.topology.windows[region.window];
  const bool is_pmem = region.mode == store::CxlMode::pmem;
  if (is_pmem ? !window.pmem : !window.ram) {
    return mistake(path + ".type", fmt::format("window {} is not for {}", region.window, is_pmem ? "pmem" : "ram"),
                   "choose another window, or another type");
  }
  if (region.granularity != 0) {
    if (auto found = check_granularity(path, region.granularity)) {
      return found;
    }
  }
  const std::uint64_t ways = region.memdevs.size();
  const std::size_t bridges = window.targets.size();
  if (ways % bridges != 0 || !std::has_single_bit(ways / bridges)) { // interleave_ways_store()
    return mistake(path + ".memdevs", fmt::format("{} memdevs cannot share a window of {} host bridges", ways, bridges),
                   fmt::format("use {}, or a power of two times that", bridges));
  }
  std::uint64_t each = ~0ULL;
  for (const std::uint32_t number : region.memdevs) {
    each = std::min(each, capacity_of(*memdevs[number], region.mode));
  }
  if (each == 0) {
    return mistake(path + ".memdevs",
                   fmt::format("a memdev of the list has no {}", is_pmem ? "persistent memory" : "volatile memory"),
                   "choose other memdevs, or another type");
  }
  if (region.size == 0) {
    region.size = each * ways;
  }
  if (region.size % (kCxlUnit * ways) != 0) { // alloc_hpa()
    return mistake(path + ".size",
                   fmt::format("{} is not a multiple of {} (256M for each memdev)", size_text(region.size),
                               size_text(kCxlUnit * ways)),
                   nearest_multiples("", region.size, kCxlUnit * ways));
  }
  if (region.size > each * ways || region.size > window.size) {
    const std::uint64_t most = std::min(each * ways, window.size / (kCxlUnit * ways) * (kCxlUnit * ways));
    return mistake(path + ".size",
                   fmt::format("{} is more than its {} have, {}", size_text(region.size),
                               region.size > each * ways ? "memdevs" : "window", size_text(most)),
                   "choose a smaller one");
  }
  if (auto fine = dax::check_geometry(region.size, region.align); !fine) {
    return CxlMistake{path + ".align", fine.error()};
  }
  return std::nullopt;
}

// dax_cxl and create_ram_region came with 6.3.
std::optional<CxlMistake> check_kernel(const CxlPlan& plan, const Profile& kernel) {
  for (std::size_t at = 0; at < plan.regions.size(); ++at) {
    if (plan.regions[at].mode == store::CxlMode::ram && kernel.id == KernelId::linux_6_1) {
      return mistake(fmt::format("regions[{}]", at),
                     fmt::format("Linux {} makes no regions of volatile CXL memory", kernel.version),
                     "choose --kernel 6.12 or 7.3");
    }
  }
  return std::nullopt;
}

// All that is shared has one name.
std::optional<CxlMistake> check_share(CxlPlan& plan, const std::vector<const cxl::MemdevSpec*>& memdevs) {
  for (const cxl::MemdevSpec* memdev : memdevs) {
    const auto wish = memdev->share.empty() ? Outcome<ShareWish>(ShareWish{}) : parse_share(memdev->share);
    if (!wish) {
      return CxlMistake{"share", wish.error()};
    }
    if (wish->name.empty()) {
      continue;
    }
    if (!plan.share.name.empty() && plan.share.name != wish->name) {
      return mistake("host_bridges", fmt::format("memdevs of two shares, {} and {}", plan.share.name, wish->name),
                     "give all that are shared one name");
    }
    plan.share.name = wish->name;
    plan.share.must_exist = plan.share.must_exist || wish->must_exist;
  }
  return std::nullopt;
}

} // namespace

std::string nearest_multiples(const char* flag, std::uint64_t size, std::uint64_t unit) {
  const std::uint64_t below = std::max(size / unit, std::uint64_t{1}) * unit;
  return fmt::format("use {}{} or {}", flag, size_text(below), size_text(below + unit));
}

void share_all(cxl::TopologySpec& topology, const std::string& share) {
  for (cxl::HostBridgeSpec& bridge : topology.host_bridges) {
    share_below(bridge.root_ports, share);
  }
}

std::vector<const cxl::MemdevSpec*> memdevs_of(const cxl::TopologySpec& topology) {
  std::vector<const cxl::HostBridgeSpec*> bridges;
  for (const cxl::HostBridgeSpec& bridge : topology.host_bridges) {
    bridges.push_back(&bridge);
  }
  if (std::all_of(bridges.begin(), bridges.end(), [](const auto* bridge) { return bridge->bus.has_value(); })) {
    std::stable_sort(bridges.begin(), bridges.end(),
                     [](const auto* one, const auto* other) { return *one->bus < *other->bus; });
  }
  std::vector<const cxl::MemdevSpec*> memdevs;
  for (const cxl::HostBridgeSpec* bridge : bridges) {
    collect(bridge->root_ports, memdevs);
  }
  return memdevs;
}

std::uint64_t capacity_of(const cxl::MemdevSpec& memdev, store::CxlMode mode) {
  return mode == store::CxlMode::pmem ? memdev.pmem + memdev.either_pmem
                                      : memdev.ram + memdev.either - memdev.either_pmem;
}

bool has_pmem(const cxl::TopologySpec& topology) {
  const std::vector<const cxl::MemdevSpec*> memdevs = memdevs_of(topology);
  return std::any_of(memdevs.begin(), memdevs.end(),
                     [](const cxl::MemdevSpec* memdev) { return capacity_of(*memdev, store::CxlMode::pmem) != 0; });
}

std::optional<CxlMistake> check_cxl(CxlPlan& plan, const Profile& kernel) {
  const cxl::TopologySpec& topology = plan.topology;
  if (!is_aligned(topology.phys_start, kCxlUnit)) {
    return mistake("start", fmt::format("{} is not a multiple of 256M", size_text(topology.phys_start)),
                   nearest_multiples("", topology.phys_start, kCxlUnit));
  }
  const std::vector<const cxl::MemdevSpec*> memdevs = memdevs_of(topology);
  if (memdevs.empty()) {
    return mistake("host_bridges", "a CXL bus without a memdev",
                   R"(add "host_bridges": [ { "root_ports": [ { "memdev": { "ram": "1G" } } ] } ])");
  }
  if (memdevs.size() > store::kMaxCxlMemdevs) {
    return mistake("host_bridges", fmt::format("{} memdevs are more than a platform can have", memdevs.size()),
                   fmt::format("use {} or fewer", store::kMaxCxlMemdevs));
  }
  for (std::size_t at = 0; at < topology.host_bridges.size(); ++at) {
    const std::string path = fmt::format("host_bridges[{}]", at);
    if (auto found = check_decoders(path, topology.host_bridges[at].decoders)) {
      return found;
    }
    if (auto found = check(path + ".root_ports", topology.host_bridges[at].root_ports)) {
      return found;
    }
  }
  for (std::size_t at = 0; at < topology.windows.size(); ++at) {
    if (auto found = check(fmt::format("windows[{}]", at), topology.windows[at], topology.host_bridges.size())) {
      return found;
    }
  }
  if (const auto fine = cxl::check(topology); !fine) { // what is not of one value
    return mistake("host_bridges", fine.error().what, fine.error().remedy);
  }
  if (!plan.images.empty() && !has_pmem(topology)) {
    return mistake("image", "no memdev is persistent: there is nothing to keep", "give one pmem, or leave it out");
  }
  if (auto found = check_share(plan, memdevs)) {
    return found;
  }
  if (auto found = check_kernel(plan, kernel)) {
    return found;
  }
  for (std::size_t at = 0; at < plan.regions.size(); ++at) {
    if (auto found = check(fmt::format("regions[{}]", at), plan.regions[at], plan, memdevs)) {
      return found;
    }
  }
  return std::nullopt;
}

} // namespace daxemu::cli
