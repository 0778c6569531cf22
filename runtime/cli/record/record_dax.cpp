#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "runtime/cli/record/recorder.hpp"

namespace daxemu::cli {
namespace {

constexpr const char* kUnknownDriver = "default";

struct Placed {
  SysNode device;
  std::uint64_t size = 0;
  std::uint64_t start = 0; // 0: not known
};

std::uint64_t start_of(const SysNode& device) {
  const auto mapping = device.child("mapping0").number("start");
  return mapping ? *mapping : device.number("resource").value_or(0);
}

// What a platform file cannot say of a device's place: it lays devices one behind the other, each in one piece.
void note_places(Recorder& recorder, const std::vector<Placed>& devices) {
  std::uint64_t next = devices.empty() ? 0 : devices.front().start;
  for (const Placed& placed : devices) {
    if (const std::size_t pieces = placed.device.children("mapping").size(); pieces > 1) {
      recorder.note(fmt::format("{} is in {} pieces: replayed, it is in one", placed.device.name(), pieces));
    }
    if (next != 0 && placed.start > align_up(next, kPmdSize)) {
      recorder.note(fmt::format("{} of free memory before {}: replayed, all that is free is behind the devices",
                                size_text(placed.start - next), placed.device.name()));
    }
    next = placed.start == 0 ? 0 : placed.start + placed.size;
  }
}

RecordJson device_json(const Placed& placed) {
  RecordJson json;
  json["id"] = last_number_of_name(placed.device.name());
  json["size"] = size_json(placed.size);
  json["align"] = size_json(placed.device.number("align").value_or(kPmdSize));
  json["driver"] = driver_of_dax(placed.device);
  return json;
}

} // namespace

RecordJson size_json(std::uint64_t bytes) {
  return size_text(bytes);
}

void record_nodes(const SysNode& node, RecordJson& region) {
  const int numa = node.signed_number("numa_node").value_or(-1);
  const int target = node.signed_number("target_node").value_or(-1);
  region["shown_numa_node"] = numa < 0 ? RecordJson("none") : RecordJson(numa);
  region["target_node"] = target < 0 ? RecordJson("none") : RecordJson(target);
}

void record_region_size(Recorder& recorder, const std::string& name, std::uint64_t size, std::uint64_t used,
                        RecordJson& region) {
  const std::uint64_t said = align_up(std::max(size, used), kPmdSize);
  region["size"] = size_json(said);
  if (said != size) {
    recorder.note(fmt::format("{} has {} bytes: replayed, it has {}", name, size, size_text(said)));
  }
}

std::string driver_of_dax(const SysNode& device) {
  const auto driver = device.link("driver");
  if (!driver) {
    return "none";
  }
  const std::string name = driver->name();
  return name == "device_dax" || name == "kmem" || name == "fsdev_dax" ? name : kUnknownDriver;
}

void record_start(Recorder& recorder, const std::string& name, std::optional<std::uint64_t> start, RecordJson& region,
                  std::uint64_t unit) {
  if (!start || *start == 0) {
    recorder.addresses_hidden = true;
  } else if (is_aligned(*start, unit)) {
    region["start"] = size_json(*start);
  } else {
    recorder.note(fmt::format("{} begins at {:#x}, no multiple of {}: replayed, it begins elsewhere", name, *start,
                              size_text(unit)));
  }
}

void record_hmem(Recorder& recorder, RecordJson& regions) {
  std::map<std::string, std::vector<Placed>> devices; // by the folder of their region
  for (const SysNode& device : recorder.sys.child("bus/dax/devices").children("dax")) {
    const std::string parent = device.parent().path().string();
    if (parent.find("/ndbus") != std::string::npos || device.parent().name().starts_with("dax_region") ||
        !device.parent().child("dax_region").is_there()) {
      continue; // of the nd bus, or of a CXL region
    }
    devices[parent].push_back({device, device.number("size").value_or(0), start_of(device)});
  }
  std::vector<RecordJson> found;
  for (auto& [parent, all] : devices) {
    const SysNode region(parent);
    const SysNode attributes = region.child("dax_region");
    RecordJson json;
    json["id"] = attributes.number("id").value_or(0);
    json["kind"] = "hmem";
    json["size"] = "";
    record_nodes(all.front().device, json);
    json["devices"] = RecordJson::array();
    std::erase_if(all, [](const Placed& placed) { return placed.size == 0; }); // the seed
    std::stable_sort(all.begin(), all.end(),
                     [](const Placed& one, const Placed& other) { return one.start < other.start; });
    note_places(recorder, all);
    std::uint64_t used = 0; // as a file lays them
    for (const Placed& placed : all) {
      used = align_up(used, std::max(placed.device.number("align").value_or(0), kPmdSize)) + placed.size;
    }
    record_region_size(recorder, region.name(), attributes.number("size").value_or(0), used, json);
    // The region itself does not say where it is (dax_region_attributes[] has no resource).
    record_start(recorder, region.name(), all.empty() ? std::nullopt : std::optional(all.front().start), json,
                 kPudSize);
    for (const Placed& placed : all) {
      json["devices"].push_back(device_json(placed));
    }
    found.push_back(std::move(json));
  }
  std::sort(found.begin(), found.end(),
            [](const RecordJson& one, const RecordJson& other) { return one["id"] < other["id"]; });
  for (RecordJson& region : found) {
    regions.push_back(std::move(region));
  }
}

} // namespace daxemu::cli
