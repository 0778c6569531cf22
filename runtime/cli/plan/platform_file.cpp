#include "runtime/cli/plan/platform_file.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/cli/plan/cxl/cxl_file.hpp"
#include "runtime/cli/plan/json/json_fields.hpp"
#include "runtime/cli/plan/json/json_lines.hpp"
#include "runtime/cli/plan/memory_type.hpp"
#include "runtime/cli/plan/nd/dimm_file.hpp"
#include "runtime/cli/plan/words.hpp"

namespace daxemu::cli {
namespace {

// Takes the id that is given, or the lowest free one.
void take_id(Fields& fields, std::set<std::uint32_t>& taken, std::uint32_t& id) {
  if (!fields.has("id")) {
    while (taken.contains(id)) {
      ++id;
    }
  }
  fields.number("id", id);
  if (fields.ok() && !taken.insert(id).second) {
    fields.mistake(fields.path_of("id"), fmt::format("{} {} is taken", fields.path_of("id"), id),
                   "give each its own, or none");
  }
}

DevicePlan read_device(Fields& fields, std::set<std::uint32_t>& ids, const Profile& kernel) {
  DevicePlan device;
  fields.only({"id", "size", "align", "backing", "type", "driver", "uuid"});
  take_id(fields, ids, device.id);
  if (!fields.has("size")) {
    fields.mistake(fields.path_of("size").substr(0, fields.path_of("size").rfind('.')),
                   fmt::format("{} is missing", fields.path_of("size")), "add \"size\": \"4G\"");
  }
  fields.size("size", device.size);
  fields.size("align", device.align);
  fields.word("backing", kBackings, device.backing);
  fields.text("type", device.type);
  fields.word("driver", kDriverWords, device.driver);
  fields.uuid("uuid", device.uuid);
  if (fields.ok()) {
    if (auto fine = dax::check_geometry(device.size, device.align); !fine) {
      fields.problem_of(fine.error().what.starts_with("--align") ? "align" : "size", fine.error());
    } else if (auto type = memory_type(device.type, device.align, kernel); !type) {
      fields.problem_of("type", type.error());
    }
  }
  return device;
}

RegionPlan read_region(Fields& fields, std::set<std::uint32_t>& ids, const Profile& kernel) {
  RegionPlan region;
  fields.only({"id", "kind", "size", "start", "numa_node", "shown_numa_node", "target_node", "devices", "dimms", "bus",
               "align", "namespaces"});
  take_id(fields, ids, region.id);
  fields.word("kind", kRegions, region.kind);
  fields.node("numa_node", region.numa_node);
  fields.node("shown_numa_node", region.shown_numa_node);
  fields.node("target_node", region.target_node);
  read_dimms(fields, region);
  fields.size("start", region.start);
  if (!is_aligned(region.start, kPudSize)) {
    fields.mistake(fields.path_of("start"),
                   fmt::format("{} {} is not a multiple of 1G", fields.path_of("start"), size_text(region.start)),
                   fmt::format("use {}", size_text(align_up(region.start, kPudSize))));
  }
  std::set<std::uint32_t> device_ids;
  fields.list("devices", [&](Fields& device) { region.devices.push_back(read_device(device, device_ids, kernel)); });
  std::uint64_t used = 0;
  for (const DevicePlan& device : region.devices) {
    used = align_up(used, std::max(device.align, kPmdSize)) + device.size;
  }
  used += read_namespaces(fields, region);
  std::uint64_t size = used;
  fields.size("size", size);
  if (region.kind == store::RegionKind::pmem && region.dimms.count == 0 &&
      (region.devices.size() != 1 || size != used)) {
    fields.mistake(fields.path_of(region.devices.size() == 1 ? "size" : "devices"),
                   fmt::format("{}: a pmem region is one device of its size", fields.path_of("devices")),
                   "use a region for each device, or \"kind\": \"hmem\"");
  }
  if (size == 0) {
    fields.mistake(fields.path_of("devices"), fmt::format("{} is empty", fields.path_of("devices")),
                   "add a device, or \"size\" for a region without one");
  }
  if (size < used || !is_aligned(size, kPmdSize)) {
    fields.mistake(fields.path_of("size"),
                   fmt::format("{} {} {}", fields.path_of("size"), size_text(size),
                               size < used ? fmt::format("is less than its devices take, {}", size_text(used))
                                           : std::string("is not a multiple of 2M")),
                   fmt::format("use {} or more, in steps of 2M", size_text(align_up(std::max(size, used), kPmdSize))));
  }
  region.free = size - std::min(size, used);
  return region;
}

void read_kernel(Fields& fields, PlatformPlan& plan) {
  constexpr const char* kKey = "kernel";
  std::string version;
  fields.text(kKey, version);
  if (fields.has(kKey) && version.empty()) { // which chosen_profile() takes for none
    fields.mistake(fields.path_of(kKey), fields.path_of(kKey) + " is empty", "use one of: " + known_kernels());
    return;
  }
  const auto chosen = chosen_profile(fields.path_of(kKey), version);
  if (!chosen) {
    fields.mistake(fields.path_of(kKey), chosen.error().what, chosen.error().remedy);
    return;
  }
  plan.kernel = chosen->profile->id;
  plan.kernel_note = chosen->note;
}

} // namespace

Outcome<PlatformPlan> parse_platform(const std::string& text, const std::string& file) {
  const JsonLines lines = find_json_lines(text);
  if (!lines.mistake.empty()) {
    return refuse(EINVAL, fmt::format("{}:{}: {}", file, lines.mistake_line, lines.mistake),
                  "write it as JSON: { \"regions\": [ { \"devices\": [ { \"size\": \"4G\" } ] } ] }");
  }
  const Fields::Json json = Fields::Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return refuse(EINVAL, fmt::format("{}:1: this is no object", file),
                  "write { \"regions\": [ { \"devices\": [ { \"size\": \"4G\" } ] } ] }");
  }
  PlatformPlan plan;
  Outcome<void> result;
  Fields fields(json, "", lines, file, result);
  fields.only({"kernel", "notes", "engine", "exact", "backing", "regions", "cxl"});
  fields.texts("notes"); // for people
  read_kernel(fields, plan);
  fields.word("engine", kEngines, plan.engine);
  fields.boolean("exact", plan.exact);
  fields.word("backing", kBackings, plan.backing);
  std::set<std::uint32_t> ids;
  fields.list("regions",
              [&](Fields& region) { plan.regions.push_back(read_region(region, ids, profile_of(plan.kernel))); });
  fields.object(
      "cxl", [&](Fields& cxl) { plan.cxl = read_cxl(cxl, profile_of(plan.kernel)); }, R"({ "preset": "one-host" })");
  if (plan.regions.empty() && !plan.cxl.is_there()) {
    fields.mistake("regions", "regions is empty or missing",
                   R"(add "regions": [ { "devices": [ { "size": "4G" } ] } ])");
  }
  if (!result) {
    return tl::unexpected(result.error());
  }
  return plan;
}

Outcome<PlatformPlan> read_platform_file(const std::string& file) {
  constexpr std::size_t kMost = 1 << 20;
  std::ifstream stream(file, std::ios::binary);
  std::string text(kMost + 1, '\0');
  if (!stream || (stream.read(text.data(), static_cast<std::streamsize>(text.size())), stream.bad())) {
    const int code = errno;
    return refuse(code, fmt::format("--config {}: {}", file, std::strerror(code)), "name a file that can be read");
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMost) {
    return refuse(EFBIG, fmt::format("--config {} is larger than a megabyte", file), "describe fewer regions");
  }
  return parse_platform(text, file);
}

} // namespace daxemu::cli
