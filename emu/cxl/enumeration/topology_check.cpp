#include "emu/cxl/enumeration/topology_check.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "emu/base/text/size_text.hpp"
#include "emu/cxl/interleave.hpp"
#include "emu/nd/media/xor_maps.hpp"

namespace daxemu::cxl {
namespace {

// Of all of a topology together.
struct Totals {
  std::size_t pci = 0;
  std::size_t ports = 1; // root0
  std::size_t dports = 0;
  std::size_t decoders = 0;
  std::size_t memdevs = 0;
  std::size_t windows = 0;
};

std::string at(const std::string& place) {
  return " (" + place + ")";
}

Outcome<void> check_decoders(std::uint32_t count, const std::string& place) {
  if (!is_decoder_count(count)) {
    return refuse(EINVAL,
                  std::to_string(count) + " decoders" + at(place) + " are not what a decoder capability can say",
                  "use 1, 2, 4, 6, 8 or 10");
  }
  return {};
}

Outcome<void> check_capacity(std::uint64_t bytes, const char* what, const std::string& place) {
  if (!is_aligned(bytes, kCapacityUnit)) {
    return refuse(EINVAL, std::string(what) + " of " + size_text(bytes) + at(place) + " is not a multiple of 256M",
                  "use " + size_text(std::max(align_down(bytes, kCapacityUnit), kCapacityUnit)) + " or " +
                      size_text(align_up(bytes, kCapacityUnit)));
  }
  return {};
}

Outcome<void> check_memdev(const MemdevSpec& memdev, const std::string& place) {
  struct Row {
    std::uint64_t bytes;
    const char* what;
  };
  for (const Row& row : std::array{Row{memdev.ram, "volatile capacity"}, Row{memdev.pmem, "persistent capacity"},
                                   Row{memdev.either, "partitionable capacity"},
                                   Row{memdev.either_pmem, "persistent part of the partitionable capacity"}}) {
    if (auto fine = check_capacity(row.bytes, row.what, place); !fine) {
      return fine;
    }
  }
  if (memdev.either_pmem > memdev.either) {
    return refuse(
        EINVAL, size_text(memdev.either_pmem) + " of " + size_text(memdev.either) + at(place) + " cannot be persistent",
        "use at most " + size_text(memdev.either));
  }
  if (memdev.ram + memdev.pmem + memdev.either == 0) {
    return refuse(EINVAL, "the memdev" + at(place) + " has no memory",
                  "give it 256M or a multiple of volatile or persistent memory");
  }
  if (memdev.label_size > UINT32_MAX) {
    return refuse(EINVAL,
                  "a label area of " + size_text(memdev.label_size) + at(place) + " is more than a device can say",
                  "use less than 4G, as 1M");
  }
  return check_decoders(memdev.decoders, place);
}

Outcome<void> check_below(const std::vector<BelowSpec>& below, const std::string& place, Totals& totals);

Outcome<void> check_one(const BelowSpec& below, const std::string& place, Totals& totals) {
  if (below.memdev.size() + below.switches.size() > 1) {
    return refuse(EINVAL, "several things are connected to one port" + at(place),
                  "connect a memdev, a switch, or nothing");
  }
  totals.pci += 1 + below.memdev.size() + below.switches.size();
  totals.ports += below.memdev.size() + below.switches.size();
  ++totals.dports;
  if (!below.memdev.empty()) {
    ++totals.memdevs;
    totals.decoders += below.memdev.front().decoders;
    return check_memdev(below.memdev.front(), place);
  }
  if (below.switches.empty()) {
    return {};
  }
  const SwitchSpec& found = below.switches.front();
  if (found.ports.empty()) {
    return refuse(EINVAL, "the switch" + at(place) + " has no port", "give it one port or more");
  }
  totals.decoders += found.decoders;
  if (auto fine = check_decoders(found.decoders, "switch at " + place); !fine) {
    return fine;
  }
  return check_below(found.ports, place + ", switch", totals);
}

Outcome<void> check_below(const std::vector<BelowSpec>& below, const std::string& place, Totals& totals) {
  std::set<std::uint32_t> numbers;
  for (std::uint32_t index = 0; index < below.size(); ++index) {
    const std::uint32_t number = below[index].number.value_or(index);
    const std::string here = place + ", port " + std::to_string(number);
    if (number > UINT8_MAX) {
      return refuse(EINVAL, "port number " + std::to_string(number) + at(place) + " is more than a target list can say",
                    "use 0 to 255");
    }
    if (!numbers.insert(number).second) {
      return refuse(EINVAL, "two ports are called " + std::to_string(number) + at(place),
                    "give each a number of its own");
    }
    if (auto fine = check_one(below[index], here, totals); !fine) {
      return fine;
    }
  }
  return {};
}

Outcome<void> check_window(const WindowSpec& window, std::uint32_t index, std::size_t host_bridges) {
  const std::string name = "window " + std::to_string(index);
  const auto ways = static_cast<std::uint32_t>(window.targets.size());
  if (!is_ways(ways)) {
    return refuse(EINVAL, name + " cannot interleave over " + std::to_string(ways) + " host bridges",
                  "use 1, 2, 3, 4, 6, 8, 12 or 16");
  }
  std::set<std::uint32_t> seen;
  for (const std::uint32_t target : window.targets) {
    if (target >= host_bridges) {
      return refuse(EINVAL, name + " has host bridge " + std::to_string(target) + ", which is not there",
                    "use 0 to " + std::to_string(host_bridges - 1));
    }
    if (!seen.insert(target).second) {
      return refuse(EINVAL, name + " has host bridge " + std::to_string(target) + " twice",
                    "name each host bridge once");
    }
  }
  if (!is_granularity(window.granularity)) {
    return refuse(EINVAL, name + " cannot have a granularity of " + size_text(window.granularity),
                  "use 256, 512, 1K, 2K, 4K, 8K or 16K");
  }
  if (window.is_xor && ways > 1 && (window.granularity != nd::kXorGranularity || ways > 1U << nd::kXorMaps.size())) {
    return refuse(EINVAL, name + " has no maps for XOR arithmetic of that many ways and that granularity",
                  "use 2 or 4 ways and a granularity of 256");
  }
  const std::uint64_t unit = kCapacityUnit * ways;
  if (window.size == 0 || window.size % unit != 0) {
    const std::uint64_t below = std::max(window.size / unit * unit, unit);
    return refuse(EINVAL, name + " of " + size_text(window.size) + " is not a multiple of " + size_text(unit),
                  "use " + size_text(below) + " or " + size_text(below + unit));
  }
  if (!window.ram && !window.pmem) {
    return refuse(EINVAL, name + " takes neither volatile nor persistent memory", "let it take one of them, or both");
  }
  return {};
}

Outcome<void> check_totals(const Totals& totals) {
  struct Row {
    std::size_t count;
    std::size_t most;
    const char* what;
  };
  for (const Row& row : std::array{Row{totals.memdevs, store::kMaxCxlMemdevs, "memdevs"},
                                   Row{totals.windows, store::kMaxCxlWindows, "windows"},
                                   Row{totals.ports, store::kMaxCxlPorts, "ports with endpoints"},
                                   Row{totals.dports, store::kMaxCxlDports, "downstream ports"},
                                   Row{totals.decoders, store::kMaxCxlDecoders, "decoders"},
                                   Row{totals.pci, store::kMaxCxlPciDevices, "PCI functions"}}) {
    if (row.count > row.most) {
      return refuse(ENOSPC, "the topology has " + std::to_string(row.count) + " " + row.what,
                    "a platform has room for " + std::to_string(row.most));
    }
  }
  return {};
}

} // namespace

Outcome<void> check(const TopologySpec& spec) {
  if (spec.host_bridges.empty()) {
    return refuse(EINVAL, "the topology has no host bridge", "give it one or more");
  }
  Totals totals;
  for (std::uint32_t index = 0; index < spec.host_bridges.size(); ++index) {
    const HostBridgeSpec& bridge = spec.host_bridges[index];
    const std::string place = "host bridge " + std::to_string(index);
    if (bridge.root_ports.empty() || bridge.root_ports.size() > 256) { // 32 devices of 8 functions
      return refuse(EINVAL, place + " has " + std::to_string(bridge.root_ports.size()) + " root ports",
                    "give it 1 to 256");
    }
    totals.pci += 1;
    totals.ports += 1;
    totals.dports += 1;
    totals.decoders += bridge.decoders;
    if (auto fine = check_decoders(bridge.decoders, place); !fine) {
      return fine;
    }
    if (auto fine = check_below(bridge.root_ports, place, totals); !fine) {
      return fine;
    }
  }
  totals.decoders += spec.windows.size();
  totals.windows = spec.windows.size();
  for (std::uint32_t index = 0; index < spec.windows.size(); ++index) {
    if (auto fine = check_window(spec.windows[index], index, spec.host_bridges.size()); !fine) {
      return fine;
    }
  }
  return check_totals(totals);
}

} // namespace daxemu::cxl
