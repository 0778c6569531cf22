#include "runtime/cli/plan/nd/dimm_file.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "emu/nd/region.hpp"
#include "runtime/cli/plan/nd/region_flag.hpp"

namespace daxemu::cli {
namespace {

using nd::LabelVersion;
using store::NdKind;
using store::NdPages;

constexpr Word<LabelVersion> kLabelWords[] = {
    {"1.2", LabelVersion::v1_2}, {"1.1", LabelVersion::v1_1}, {"none", LabelVersion::none}};
constexpr Word<NdKind> kModeWords[] = { // as ndctl calls them
    {"devdax", NdKind::dax},
    {"raw", NdKind::none},
    {"fsdax", NdKind::pfn},
    {"sector", NdKind::btt}};
constexpr Word<NdPages> kMapWords[] = {{"mem", NdPages::ram}, {"dev", NdPages::pmem}};

void refuse_repeated(Fields& fields, const char* key, bool repeated, std::uint32_t number) {
  if (fields.ok() && repeated) {
    fields.mistake(fields.path_of(key), fmt::format("{} {} is taken", fields.path_of(key), number),
                   "give each its own, or none");
  }
}

template <class Number>
void small_number(Fields& fields, const char* key, std::uint32_t most, std::optional<Number>& number) {
  std::uint32_t value = 0;
  fields.number(key, value);
  if (!fields.has(key) || !fields.ok()) {
    return;
  }
  if (value > most) {
    fields.mistake(fields.path_of(key), fmt::format("{} {} is too large", fields.path_of(key), value),
                   fmt::format("use {} or less", most));
    return;
  }
  number = static_cast<Number>(value);
}

nd::NfitDimmSpec read_dimm(Fields& fields) {
  constexpr std::uint32_t kMostNumber = 255;
  constexpr std::uint64_t kLeastLabels = 1024;
  constexpr std::uint64_t kMostLabels = 7U << 20U; // an index of version 1.1 has room for no more (kLargestIndex)
  nd::NfitDimmSpec dimm;
  fields.only({"number", "id", "handle", "physical_id", "labels", "label_size"});
  small_number(fields, "number", kMostNumber, dimm.id);
  small_number(fields, "handle", INT32_MAX, dimm.handle);
  small_number(fields, "physical_id", UINT16_MAX, dimm.physical_id);
  fields.word("labels", kLabelWords, dimm.labels);
  std::string id;
  fields.text("id", id);
  if (fields.has("id") && fields.ok()) {
    dimm.identity = nd::parse_dimm_identity(id);
    if (!dimm.identity) {
      fields.mistake(fields.path_of("id"), fmt::format("{} {} is no id of a DIMM", fields.path_of("id"), id),
                     "write it as ndctl list -D does: \"8680-56341200\"");
    }
  }
  std::uint64_t bytes = dimm.label_size;
  fields.size("label_size", bytes);
  if (fields.ok() && (bytes < kLeastLabels || bytes > kMostLabels || !is_aligned(bytes, kLeastLabels))) {
    fields.mistake(fields.path_of("label_size"),
                   fmt::format("{} {} is no size of a label area", fields.path_of("label_size"), size_text(bytes)),
                   "use 1K to 7M, in steps of 1K");
  }
  dimm.label_size = static_cast<std::uint32_t>(bytes);
  return dimm;
}

// region_align_store() in drivers/nvdimm/region_devs.c.
void check_align(Fields& fields, const RegionPlan& region) {
  const std::uint64_t dpa = region.align / region.dimms.count;
  if (fields.has("align") && fields.ok() &&
      (region.align % region.dimms.count != 0 || dpa < kPageSize || !std::has_single_bit(dpa))) {
    fields.mistake(fields.path_of("align"),
                   fmt::format("{} {} is no alignment of namespaces", fields.path_of("align"), size_text(region.align)),
                   fmt::format("use {} times a power of two of 4K or more", region.dimms.count));
  }
}

nd::NamespaceSpec read_namespace(Fields& fields) {
  nd::NamespaceSpec space;
  fields.only({"id", "size", "start", "uuid", "name", "sector_size", "mode", "enabled", "map", "align", "device",
               "device_uuid"});
  small_number(fields, "id", INT32_MAX, space.id);
  fields.size("size", space.size);
  if (fields.has("start")) {
    space.start = 0;
    fields.size("start", *space.start);
  }
  fields.uuid("uuid", space.uuid);
  fields.text("name", space.name);
  fields.word("mode", kModeWords, space.kind);
  space.enabled = space.kind == NdKind::dax || space.kind == NdKind::none;
  fields.boolean("enabled", space.enabled);
  fields.word("map", kMapWords, space.pages);
  fields.size("align", space.align);
  small_number(fields, "device", INT32_MAX, space.holder);
  fields.uuid("device_uuid", space.holder_uuid);
  std::uint32_t sector = 0;
  fields.number("sector_size", sector);
  space.sector_size = sector;
  return space;
}

// What can be said of one namespace by itself.
void check_namespace(Fields& fields, const nd::NamespaceSpec& space) {
  constexpr std::size_t kLongestName = 63; // NSLABEL_NAME_LEN, with its end
  if (!fields.ok()) {
    return;
  }
  if (!fields.has("size")) {
    fields.mistake(fields.path_of("size"), fmt::format("{} is missing", fields.path_of("size")),
                   "add \"size\": \"64M\", with what its info block takes");
  } else if (space.name.size() > kLongestName) {
    fields.mistake(fields.path_of("name"),
                   fmt::format("{} has {} characters", fields.path_of("name"), space.name.size()),
                   fmt::format("use {} or fewer", kLongestName));
  } else if (space.sector_size != 0 && space.sector_size != 512 && space.sector_size != 4096) {
    fields.mistake(fields.path_of("sector_size"),
                   fmt::format("{} {} is not known", fields.path_of("sector_size"), space.sector_size),
                   "use 512 or 4096");
  } else if (space.align != kPageSize && space.align != kPmdSize && space.align != kPudSize) {
    fields.mistake(fields.path_of("align"),
                   fmt::format("{} {} is no extent", fields.path_of("align"), size_text(space.align)),
                   "use 4K, 2M or 1G");
  }
}

} // namespace

void read_dimms(Fields& fields, RegionPlan& region) {
  if (fields.is_list("dimms")) {
    fields.list(
        "dimms",
        [&](Fields& one) {
          const nd::NfitDimmSpec dimm = read_dimm(one);
          refuse_repeated(
              one, "number",
              dimm.id && std::ranges::any_of(region.dimms.each, [&](const auto& other) { return other.id == dimm.id; }),
              dimm.id.value_or(0));
          const auto has_handle = [&](const auto& other) { return dimm.handle && other.handle == dimm.handle; };
          refuse_repeated(one, "handle", std::ranges::any_of(region.dimms.each, has_handle), dimm.handle.value_or(0));
          region.dimms.each.push_back(dimm);
        },
        R"({ "id": "8680-56341200" })");
    region.dimms.count = static_cast<std::uint32_t>(region.dimms.each.size());
  } else {
    fields.number("dimms", region.dimms.count);
  }
  std::string bus;
  fields.text("bus", bus);
  fields.size("align", region.align);
  const char* first = nullptr;
  for (const char* key : {"namespaces", "align", "bus", "dimms"}) {
    first = fields.has(key) ? key : first;
  }
  if (!fields.ok() || first == nullptr) {
    return;
  }
  if (region.kind != store::RegionKind::pmem) {
    fields.mistake(fields.path_of(first), fmt::format("{} is for pmem regions only", fields.path_of(first)),
                   "leave it out, or write \"kind\": \"pmem\"");
  } else if (auto fine = check_dimms(bus, region.dimms); !fine) {
    fields.problem_of("dimms", fine.error());
  } else {
    check_align(fields, region);
  }
}

std::uint64_t read_namespaces(Fields& fields, RegionPlan& region) {
  const std::uint64_t step =
      region.align != 0 ? region.align : nd::default_align(UINT64_MAX, std::max(region.dimms.count, 1U));
  std::uint64_t used = 0;
  if (fields.has("namespaces") && !region.devices.empty()) {
    fields.mistake(fields.path_of("devices"), fmt::format("{} beside namespaces", fields.path_of("devices")),
                   "leave one of the two out: a device is a namespace in devdax mode");
  }
  fields.list(
      "namespaces",
      [&](Fields& one) {
        const nd::NamespaceSpec space = read_namespace(one);
        check_namespace(one, space);
        const auto is_known = [&](const nd::NamespaceSpec& other) { return space.id && other.id == space.id; };
        refuse_repeated(one, "id", std::ranges::any_of(region.namespaces, is_known), space.id.value_or(0));
        for (const char* key : {"size", "start"}) {
          const std::uint64_t bytes = key[1] == 'i' ? space.size : space.start.value_or(0);
          if (one.ok() && !is_aligned(bytes, step)) {
            one.mistake(one.path_of(key),
                        fmt::format("{} {} is not a multiple of {}, the region's align", one.path_of(key),
                                    size_text(bytes), size_text(step)),
                        fmt::format("use {}", size_text(align_up(bytes, step))));
          }
        }
        used += space.size;
        region.namespaces.push_back(space);
      },
      R"({ "size": "64M" })");
  return used;
}

} // namespace daxemu::cli
