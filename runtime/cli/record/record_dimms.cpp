// Regions of the nd bus that DIMMs make, with their namespaces.
#include <algorithm>
#include <bit>
#include <charconv>
#include <set>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "emu/nd/region.hpp"
#include "emu/store/records/nd_records.hpp"
#include "runtime/cli/plan/nd/region_flag.hpp"
#include "runtime/cli/record/label_area.hpp"
#include "runtime/cli/record/recorder.hpp"

namespace daxemu::cli {
namespace {

struct Mapping {
  std::string dimm; // nmemN
  std::uint64_t start = 0;
};

class DimmRecord {
public:
  explicit DimmRecord(Recorder& recorder) : recorder_(recorder), bus_(recorder.sys.child("bus/nd/devices")) {}

  void record(const SysNode& region, RecordJson& regions) {
    const std::vector<Mapping> mappings = mappings_of(region);
    if (const std::string reason = why_not(region, mappings); !reason.empty()) {
      recorder_.note(fmt::format("{} of the nd bus ({}) is left out: {}, which a platform file cannot say",
                                 region.name(), size_text(region.number("size").value_or(0)), reason));
      return;
    }
    RecordJson json;
    json["id"] = number_of_name(region.name());
    json["kind"] = "pmem";
    record_region_size(recorder_, region.name(), region.number("size").value_or(0), 0, json);
    record_start(recorder_, region.name(), region.number("resource"), json, kPudSize);
    record_nodes(region, json);
    const std::uint64_t align = common_align(region);
    json["align"] = size_json(align);
    if (provider_of(region) == kMock) {
      json["bus"] = kMock;
    }
    json["dimms"] = RecordJson::array();
    for (const Mapping& mapping : mappings) {
      json["dimms"].push_back(dimm_json(mapping.dimm));
      used_.insert(mapping.dimm);
    }
    json["namespaces"] = RecordJson::array();
    for (const SysNode& space : region.children("namespace")) {
      if (space.name() == region.text("namespace_seed").value_or("")) {
        continue;
      }
      if (are_multiples(region, space, align)) {
        json["namespaces"].push_back(namespace_json(region, space));
      } else {
        recorder_.note(fmt::format("{} ({} bytes) is left out: it begins or ends within {}", space.name(),
                                   space.number("size").value_or(0), size_text(align)));
      }
    }
    regions.push_back(std::move(json));
  }

  // DIMMs that no recorded region has.
  void note_others() {
    for (const SysNode& dimm : bus_.children("nmem")) {
      if (!used_.contains(dimm.name()) && dimm.child("nfit").is_there()) {
        recorder_.note(fmt::format("{} is left out: no region that is recorded is made of it", dimm.name()));
      }
    }
  }

private:
  static constexpr const char* kMock = "nfit_test.0";

  // From the region's start; nothing: not known.
  static std::optional<std::uint64_t> start_of(const SysNode& region, const SysNode& space) {
    const auto start = space.number("resource");
    const auto base = region.number("resource");
    return start && base && *start >= *base && *base != 0 ? std::optional(*start - *base) : std::nullopt;
  }
  static bool are_multiples(const SysNode& region, const SysNode& space, std::uint64_t align) {
    return is_aligned(space.number("size").value_or(0), align) &&
           is_aligned(start_of(region, space).value_or(0), align);
  }
  // What namespaces are allocated in; less, if it was less when one of them was made.
  std::uint64_t common_align(const SysNode& region) {
    const std::uint64_t ways = std::max<std::uint64_t>(region.number("mappings").value_or(1), 1);
    const std::uint64_t usual = nd::default_align(UINT64_MAX, static_cast<std::uint32_t>(ways));
    const std::uint64_t now = region.number("align").value_or(usual);
    std::uint64_t align = now % (ways * kPageSize) == 0 && std::has_single_bit(now / ways) ? now : usual;
    const std::vector<SysNode> spaces = region.children("namespace");
    const auto fits = [&](const SysNode& space) { return are_multiples(region, space, align); };
    while (align > ways * kPageSize && !std::ranges::all_of(spaces, fits)) {
      align /= 2;
    }
    if (align != now) {
      recorder_.note(
          fmt::format("{} has an align of {} bytes: replayed, it has {}, of which its namespaces are multiples",
                      region.name(), now, size_text(align)));
    }
    return align;
  }

  static std::string provider_of(const SysNode& region) { return region.parent().text("provider").value_or(""); }

  // By position: "nmem1,0,536870912,0".
  static std::vector<Mapping> mappings_of(const SysNode& region) {
    std::vector<Mapping> found(std::min<std::uint64_t>(region.number("mappings").value_or(0), store::kMaxNfitDimms));
    for (std::size_t at = 0; at < found.size(); ++at) {
      std::stringstream text(region.text(fmt::format("mapping{}", at)).value_or(""));
      Mapping mapping;
      std::string start;
      std::string size;
      std::string position;
      std::getline(text, mapping.dimm, ',');
      std::getline(text, start, ',');
      std::getline(text, size, ',');
      std::getline(text, position, ',');
      mapping.start = std::strtoull(start.c_str(), nullptr, 0);
      const std::uint64_t place = std::strtoull(position.c_str(), nullptr, 0);
      if (!position.empty() && place < found.size()) {
        found[place] = std::move(mapping);
      }
    }
    return found;
  }

  [[nodiscard]] std::string why_not(const SysNode& region, const std::vector<Mapping>& mappings) const {
    const std::uint64_t ways = region.number("mappings").value_or(0);
    DimmPlan plan{.count = static_cast<std::uint32_t>(ways), .each = {}, .mock = false};
    if (ways > store::kMaxNfitDimms || !check_dimms("", plan)) {
      return fmt::format("it is interleaved over {} DIMMs", ways);
    }
    if (used_.size() + ways > store::kMaxNfitDimms) {
      return fmt::format("there are more than {} DIMMs", store::kMaxNfitDimms);
    }
    constexpr std::uint64_t kWithLabels = 5; // ND_DEVICE_NAMESPACE_PMEM
    if (region.number("nstype").value_or(kWithLabels) != kWithLabels) {
      return "its DIMMs have no labels";
    }
    if (!region.link("driver")) {
      return "it is disabled";
    }
    for (const Mapping& mapping : mappings) {
      if (mapping.dimm.empty() || mapping.start != 0 || used_.contains(mapping.dimm)) {
        return mapping.dimm.empty() ? "its mappings are unknown"
                                    : fmt::format("it has only a part of {}", mapping.dimm);
      }
    }
    return "";
  }

  RecordJson dimm_json(const std::string& name) {
    const SysNode dimm = bus_.child(name);
    const SysNode table = dimm.child("nfit");
    RecordJson json;
    json["number"] = number_of_name(name);
    if (const auto id = table.text("id"); id && !id->empty()) {
      constexpr std::size_t kVendor = 4; // digits
      json["id"] =
          recorder_.anonymous ? fmt::format("{}-{:08x}", id->substr(0, kVendor), number_of_name(name) + 1) : *id;
    }
    if (const auto handle = table.number("handle")) {
      json["handle"] = *handle;
    }
    if (const auto physical = table.number("phys_id")) {
      json["physical_id"] = *physical;
    }
    record_labels(dimm, name, json);
    return json;
  }

  void record_labels(const SysNode& dimm, const std::string& name, RecordJson& json) {
    constexpr std::uint64_t kMostNewSlots = 510; // of 128K, where labels are of 256 bytes
    const auto seen = recorder_.is_this_machine() ? see_label_area("/dev/" + name) : std::nullopt;
    if (seen) {
      json["labels"] = seen->labels;
      json["label_size"] = size_json(seen->size);
      return;
    }
    json["labels"] = dimm.number("available_slots").value_or(0) > kMostNewSlots ? "1.1" : "1.2";
    recorder_.labels_hidden = true;
  }

  RecordJson namespace_json(const SysNode& region, const SysNode& space) {
    RecordJson json;
    json["id"] = last_number_of_name(space.name());
    json["size"] = size_json(space.number("size").value_or(0));
    if (space.number("size").value_or(0) == 0) {
      return json;
    }
    if (const auto start = start_of(region, space)) {
      json["start"] = size_json(*start);
    }
    if (const auto uuid = space.text("uuid"); uuid && !uuid->empty() && !recorder_.anonymous) {
      json["uuid"] = *uuid;
    }
    if (const auto name = space.text("alt_name"); name && !name->empty() && !recorder_.anonymous) {
      json["name"] = *name;
    }
    const std::string sectors = space.text("sector_size").value_or("");
    if (const auto sector = chosen(sectors)) {
      json["sector_size"] = *sector;
    }
    const std::string holder = space.text("holder").value_or("");
    const std::string mode = mode_of(holder.empty() ? space.text("holder_class").value_or("") : holder);
    json["mode"] = mode;
    if (mode == "devdax") {
      record_dax(region, space, holder, json);
    } else if (mode == "raw") {
      json["enabled"] = space.link("driver").has_value();
    } else {
      record_disk(region, space, holder, json);
    }
    return json;
  }

  void record_dax(const SysNode& region, const SysNode& space, const std::string& holder, RecordJson& json) {
    const SysNode dax = region.child(holder);
    const bool is_held = !holder.empty() && dax.is_there();
    const std::vector<SysNode> devices = is_held ? dax.children("dax") : std::vector<SysNode>{};
    json["enabled"] = !devices.empty();
    if (!is_held) {
      return;
    }
    record_pages(dax, json);
    record_holder(dax, json);
    if (!devices.empty() && driver_of_dax(devices.front()) != "device_dax") {
      recorder_.note(fmt::format("{} has another driver than device_dax: replayed, that one has it ({})",
                                 devices.front().name(), space.name()));
    }
  }

  // Of fsdax and sector mode: the disk of a pfn or btt.
  void record_disk(const SysNode& region, const SysNode& space, const std::string& holder, RecordJson& json) {
    const SysNode held = region.child(holder);
    if (holder.empty() || !held.is_there()) {
      json["enabled"] = false;
      if (space.link("driver")) {
        recorder_.note(fmt::format("{} is a raw disk, and {} by its label: replayed, it is disabled", space.name(),
                                   json["mode"].get<std::string>()));
      }
      return;
    }
    json["enabled"] = held.link("driver").has_value();
    if (json["mode"] == "fsdax") {
      record_pages(held, json);
    } else if (const auto sector = chosen(held.text("sector_size").value_or("")); sector == 512 || sector == 4096) {
      json["sector_size"] = *sector; // ndctl gives both the same
    } else {
      recorder_.note(fmt::format("{} has sectors of {} bytes: replayed, it is disabled", holder, sector.value_or(0)));
      json["enabled"] = false;
      return;
    }
    record_holder(held, json);
  }

  // Where the struct pages of a dax or pfn are, and its extents.
  static void record_pages(const SysNode& holder, RecordJson& json) {
    json["map"] = holder.text("mode").value_or("ram") == "pmem" ? "dev" : "mem";
    json["align"] = size_json(holder.number("align").value_or(kPmdSize));
  }
  void record_holder(const SysNode& holder, RecordJson& json) const {
    json["device"] = last_number_of_name(holder.name());
    if (const auto uuid = holder.text("uuid"); uuid && !uuid->empty() && !recorder_.anonymous) {
      json["device_uuid"] = *uuid;
    }
  }

  // "[512] 4096": the one in brackets. Nothing: none is.
  static std::optional<std::uint64_t> chosen(std::string_view list) {
    const std::size_t open = list.find('[');
    if (open == std::string_view::npos) {
      return std::nullopt;
    }
    list.remove_prefix(open + 1);
    std::uint64_t value = 0;
    const auto read = std::from_chars(list.data(), list.data() + list.size(), value);
    return read.ec == std::errc() ? std::optional(value) : std::nullopt;
  }

  // As ndctl says it, by what holds the namespace or is to.
  static std::string mode_of(const std::string& holder) {
    return holder.starts_with("dax")   ? "devdax"
           : holder.starts_with("pfn") ? "fsdax"
           : holder.starts_with("btt") ? "sector"
                                       : "raw";
  }

  Recorder& recorder_;
  SysNode bus_;
  std::set<std::string> used_;
};

} // namespace

bool record_dimms(Recorder& recorder, RecordJson& regions) {
  const std::size_t before = regions.size();
  DimmRecord record(recorder);
  for (const SysNode& region : recorder.sys.child("bus/nd/devices").children("region")) {
    if (!is_of_cxl(region) && region.number("mappings").value_or(0) != 0) {
      record.record(region, regions);
    }
  }
  record.note_others();
  return regions.size() != before;
}

} // namespace daxemu::cli
