#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "runtime/cli/record/recorder.hpp"

namespace daxemu::cli {
namespace {

// The daxX.Y of the nd bus that has a namespace.
std::optional<SysNode> dax_of(const SysNode& region, const std::string& space) {
  for (const SysNode& dax : region.children("dax")) {
    if (dax.text("namespace").value_or("") == space) {
      return dax;
    }
  }
  return std::nullopt;
}

std::vector<SysNode> namespaces_of(const SysNode& region) {
  std::vector<SysNode> found = region.children("namespace");
  std::erase_if(found, [](const SysNode& space) { return space.number("size").value_or(0) == 0; });
  return found;
}

// Why a region's namespaces cannot be said in a platform file; empty: they can.
std::string why_not(const SysNode& region, const std::vector<SysNode>& spaces) {
  if (spaces.size() != 1) {
    return fmt::format("it has {} namespaces", spaces.size());
  }
  const auto dax = dax_of(region, spaces[0].name());
  if (!dax) {
    return fmt::format("{} is no devdax ({})", spaces[0].name(), spaces[0].text("mode").value_or("mode unknown"));
  }
  if (dax->text("mode").value_or("ram") != "ram") {
    return fmt::format("{} keeps its struct pages in itself (--map dev)", spaces[0].name());
  }
  const std::vector<SysNode> devices = dax->children("dax");
  if (devices.empty()) {
    return fmt::format("{} is bound to no driver", dax->name());
  }
  const std::uint64_t size = devices.front().number("size").value_or(0);
  return is_aligned(size, kPmdSize) ? ""
                                    : fmt::format("{} has {} bytes, no multiple of 2M", devices.front().name(), size);
}

} // namespace

bool is_of_cxl(const SysNode& region) {
  return region.path().string().find("/nvdimm-bridge") != std::string::npos;
}

void record_nd(Recorder& recorder, RecordJson& regions) {
  const bool has_dimms = record_dimms(recorder, regions);
  for (const SysNode& region : recorder.sys.child("bus/nd/devices").children("region")) {
    if (is_of_cxl(region) || region.number("mappings").value_or(0) != 0) {
      continue;
    }
    const std::vector<SysNode> spaces = namespaces_of(region);
    const std::string reason = has_dimms ? "it is beside regions of DIMMs" : why_not(region, spaces);
    if (!reason.empty()) {
      recorder.note(fmt::format("{} of the nd bus ({}) is left out: {}, which a platform file cannot say",
                                region.name(), size_text(region.number("size").value_or(0)), reason));
      continue;
    }
    const SysNode dax = *dax_of(region, spaces[0].name());
    const SysNode device = dax.children("dax").front();
    RecordJson json;
    json["id"] = number_of_name(region.name());
    json["kind"] = "pmem";
    record_start(recorder, region.name(), region.number("resource"), json, kPudSize);
    record_nodes(device, json);
    RecordJson one;
    one["id"] = last_number_of_name(device.name());
    one["size"] = size_json(device.number("size").value_or(0));
    one["align"] = size_json(device.number("align").value_or(kPmdSize));
    one["driver"] = driver_of_dax(device);
    if (const auto uuid = dax.text("uuid"); !recorder.anonymous && uuid && !uuid->empty()) {
      one["uuid"] = *uuid;
    }
    json["devices"] = RecordJson::array({one});
    regions.push_back(std::move(json));
  }
}

} // namespace daxemu::cli
