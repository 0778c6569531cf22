// regionN: a range of a window that endpoint decoders share (cxl_region_attrs and target_attrs in
// drivers/cxl/core/region.c).
#include "emu/cxl/region/regions.hpp"
#include "emu/sysfs/cxl/cxl_values.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlMode;
using cxl::CxlRegionRecord;
using cxl::CxlRegionState;

Result<void> show_uuid(const Scope& scope, Text& out) {
  const CxlRegionRecord& region = cxl_region_in(scope);
  if (region.mode == CxlMode::pmem) {
    put_uuid(region.uuid, out);
  }
  out.put("\n");
  return {};
}
Result<void> store_uuid(const Scope& scope, std::string_view text) {
  constexpr std::size_t kLength = 37; // UUID_STRING_LEN and whatever byte follows: libcxl writes the NUL
  const auto uuid = scope.written.size() == kLength ? parse_uuid(text) : fail(EINVAL);
  if (!uuid) {
    return tl::unexpected(uuid.error());
  }
  return changing_cxl(scope, [&] { return cxl::set_uuid(*scope.store, cxl_region_in(scope), *uuid); });
}
bool is_pmem(const Scope& scope) {
  return cxl_region_in(scope).mode == CxlMode::pmem;
}
bool is_ram(const Scope& scope) {
  return !is_pmem(scope);
}

Result<void> show_commit(const Scope& scope, Text& out) {
  out.put(cxl_region_in(scope).state >= CxlRegionState::commit ? "1\n" : "0\n");
  return {};
}
Result<void> store_commit(const Scope& scope, std::string_view text) {
  const auto commit = parse_bool(text, scope.store->profile());
  if (!commit) {
    return tl::unexpected(commit.error());
  }
  return changing_cxl(scope, [&] { return cxl::set_commit(*scope.store, cxl_region_in(scope), *commit); });
}

Result<void> show_ways(const Scope& scope, Text& out) {
  out.number(cxl_region_in(scope).ways).put("\n");
  return {};
}
// kstrtouint(), later kstrtoint(): a negative number is none that the hardware knows.
Result<std::uint64_t> parse_ways(const Scope& scope, std::string_view text) {
  if (scope.store->profile().cxl_ways_are_signed) {
    const auto value = parse_int(text);
    if (!value) {
      return tl::unexpected(value.error());
    }
    return *value < 0 ? fail(EINVAL) : Result<std::uint64_t>(static_cast<std::uint64_t>(*value)); // ways_to_eiw()
  }
  const auto value = parse_uint(text);
  return value ? Result<std::uint64_t>(*value) : tl::unexpected(value.error());
}
Result<void> store_ways(const Scope& scope, std::string_view text) {
  const auto ways = parse_ways(scope, text);
  if (!ways) {
    return tl::unexpected(ways.error());
  }
  return changing_cxl(scope, [&] { return cxl::set_ways(*scope.store, cxl_region_in(scope), *ways); });
}
Result<void> show_granularity(const Scope& scope, Text& out) {
  out.number(cxl_region_in(scope).granularity).put("\n");
  return {};
}
Result<void> store_granularity(const Scope& scope, std::string_view text) {
  const auto granularity = parse_int(text);
  if (!granularity) {
    return tl::unexpected(granularity.error());
  }
  if (*granularity < 0) {
    return fail(EINVAL); // granularity_to_eig()
  }
  const auto bytes = static_cast<std::uint64_t>(*granularity);
  return changing_cxl(scope, [&] { return cxl::set_granularity(*scope.store, cxl_region_in(scope), bytes); });
}

Result<void> show_resource(const Scope& scope, Text& out) {
  const CxlRegionRecord& region = cxl_region_in(scope);
  out.hex(region.size == 0 ? ~0ULL : region.start).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  out.hex(cxl_region_in(scope).size).put("\n");
  return {};
}
Result<void> store_size(const Scope& scope, std::string_view text) {
  const auto size = parse_unsigned(text, 0);
  if (!size) {
    return tl::unexpected(size.error());
  }
  return changing_cxl(scope, [&] { return cxl::set_size(*scope.store, cxl_region_in(scope), *size); });
}
Result<void> show_mode(const Scope& scope, Text& out) {
  out.put(cxl_mode_word(cxl_region_in(scope).mode)).put("\n");
  return {};
}
bool says_locked(const Scope& scope) {
  return scope.store->profile().cxl_region_says_locked;
}
Result<void> show_locked(const Scope& scope, Text& out) {
  const bool is_locked = (cxl::root_decoder_of(*scope.store, cxl_region_in(scope)).flags & store::kCxlLocked) != 0;
  out.put(is_locked ? "1\n" : "0\n");
  return {};
}

// targetN, of as many positions as it has ways.
void each_target(const Scope& scope, Members members) {
  const CxlRegionRecord& region = cxl_region_in(scope);
  for (std::uint32_t at = 0; at < region.ways && at < region.targets.size(); ++at) {
    Scope narrowed = scope;
    narrowed.number = at;
    NameText name;
    name.put("target").number(at);
    if (!members(name.view(), narrowed)) {
      return;
    }
  }
}
Result<void> show_target(const Scope& scope, Text& out) {
  if (const std::uint32_t decoder = cxl_region_in(scope).targets[scope.number]; decoder != 0) {
    decoder_name(cxl_scope(scope, decoder), out);
  }
  out.put("\n");
  return {};
}
Result<void> store_target(const Scope& scope, std::string_view text) {
  const auto position = static_cast<std::uint32_t>(scope.number);
  return changing_cxl(scope, [&] { return cxl::set_target(*scope.store, cxl_region_in(scope), position, text); });
}

// access0, access1: nothing is known of how fast it is, so there is nothing in them.
constinit const Directory kAccess = {};

constexpr NodeSpec kNodes[] = {
    directory("access0", kAccess),
    directory("access1", kAccess),
    attribute("commit", 0644, show_commit, store_commit),
    attribute("devtype", 0444, constant<"cxl_region">),
    link("driver", fixed_target<"/sys/bus/cxl/drivers/cxl_region">, is_bound<CxlKind::region>),
    attribute("interleave_granularity", 0644, show_granularity, store_granularity),
    attribute("interleave_ways", 0644, show_ways, store_ways),
    attribute("locked", 0444, show_locked, nullptr, says_locked),
    attribute("modalias", 0444, constant<"cxl:t6">),
    attribute("mode", 0444, show_mode),
    attribute("resource", 0444, show_resource),
    attribute("size", 0644, show_size, store_size),
    link("subsystem", fixed_target<"/sys/bus/cxl">),
    attribute("uevent", 0644, show_cxl_uevent<CxlKind::region>, store_uevent),
    attribute("uuid", 0644, show_uuid, store_uuid, is_pmem),
    attribute("uuid", 0444, show_uuid, nullptr, is_ram), // cxl_region_visible(): for tools that look for it
};
constexpr Family kFamilies[] = {
    {each_dax_region_of, directory("", kCxlDaxRegion)},
    {each_pmem_region_of, directory("", kCxlPmemRegion)},
    {each_target, attribute("", 0644, show_target, store_target)},
};

} // namespace

constinit const Directory kCxlRegion = {kNodes, kFamilies};

} // namespace daxemu::sysfs
