// decoderP.D: of the root a window, of a port what it routes, of an endpoint the device addresses that it takes
// (cxl_decoder_*_attrs in drivers/cxl/core/port.c).
#include "emu/base/units.hpp"
#include "emu/cxl/region/dpa.hpp"
#include "emu/cxl/region/regions.hpp"
#include "emu/sysfs/cxl/cxl_values.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlDecoderRecord;
using cxl::CxlMode;

Result<void> show_start(const Scope& scope, Text& out) {
  out.hex(decoder_in(scope).start).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  out.hex(decoder_in(scope).size).put("\n");
  return {};
}
template <std::uint32_t Flag>
Result<void> show_flag(const Scope& scope, Text& out) {
  out.put((decoder_in(scope).flags & Flag) != 0 ? "1\n" : "0\n");
  return {};
}
Result<void> show_granularity(const Scope& scope, Text& out) {
  out.number(decoder_in(scope).granularity).put("\n");
  return {};
}
Result<void> show_ways(const Scope& scope, Text& out) {
  out.number(decoder_in(scope).ways).put("\n");
  return {};
}
Result<void> show_qos_class(const Scope& scope, Text& out) {
  out.number(decoder_in(scope).qos_class).put("\n");
  return {};
}
// emit_target_list(): up to the first position that has none.
Result<void> show_target_list(const Scope& scope, Text& out) {
  const CxlDecoderRecord& decoder = decoder_in(scope);
  for (std::size_t at = 0; at < decoder.ways && at < decoder.targets.size(); ++at) {
    const store::CxlDportRecord* dport = cxl::dport_at(*scope.store, decoder.targets[at]);
    if (dport == nullptr) {
      break;
    }
    out.put(at == 0 ? "" : ",").number(dport->port_id);
  }
  out.put("\n");
  return {};
}
Result<void> show_target_type(const Scope& scope, Text& out) {
  const std::uint32_t flags = decoder_in(scope).flags;
  const bool is_accelerator = (flags & store::kCxlCapType2) != 0 && (flags & store::kCxlCapType3) == 0;
  out.put(is_accelerator ? "accelerator\n" : "expander\n");
  return {};
}
Result<void> show_region(const Scope& scope, Text& out) {
  if (const std::uint32_t region = decoder_in(scope).region; region != 0) {
    cxl_region_name(cxl_scope(scope, region), out);
  }
  out.put("\n");
  return {};
}

// Regions of a window.
bool holds(const Scope& scope, std::uint32_t kind) {
  const std::uint32_t wanted = store::kCxlCapType3 | kind;
  return (decoder_in(scope).flags & wanted) == wanted;
}
bool holds_ram(const Scope& scope) {
  return holds(scope, store::kCxlCapRam);
}
bool holds_pmem(const Scope& scope) {
  return holds(scope, store::kCxlCapPmem);
}
bool holds_any(const Scope& scope) {
  return holds_ram(scope) || holds_pmem(scope);
}
Result<void> show_next_region(const Scope& scope, Text& out) {
  out.put("region").number(decoder_in(scope).next_region).put("\n");
  return {};
}
template <CxlMode Mode>
Result<void> store_create(const Scope& scope, std::string_view text) {
  const auto id = scan_region_id(text);
  if (!id) {
    return fail(EINVAL);
  }
  return changing_cxl(scope, [&]() -> Result<void> {
    NameText name;
    name.put("region").number(*id);
    const auto made = cxl::create_region(*scope.store, decoder_in(scope), Mode, name.view());
    return made ? Result<void>() : tl::unexpected(made.error());
  });
}
Result<void> store_delete(const Scope& scope, std::string_view text) {
  const auto id = scan_region_id(text);
  if (!id) {
    return fail(EINVAL);
  }
  NameText name;
  name.put("region").number(*id);
  if (!same_text(text, name.view())) {
    return fail(ENODEV);
  }
  return changing_cxl(scope, [&] { return cxl::delete_region(*scope.store, decoder_in(scope), name.view()); });
}

// Device addresses of an endpoint's.
Result<void> show_mode(const Scope& scope, Text& out) {
  out.put(cxl_mode_word(decoder_in(scope).mode)).put("\n");
  return {};
}
Result<void> store_mode(const Scope& scope, std::string_view text) {
  const bool is_pmem = same_text(text, "pmem");
  if (!is_pmem && !same_text(text, "ram")) {
    return fail(EINVAL);
  }
  return changing_cxl(
      scope, [&] { return cxl::set_mode(*scope.store, decoder_in(scope), is_pmem ? CxlMode::pmem : CxlMode::ram); });
}
// cxl_dpa_resource_start(): -1 without.
Result<void> show_dpa_resource(const Scope& scope, Text& out) {
  const CxlDecoderRecord& decoder = decoder_in(scope);
  out.hex(decoder.dpa_size == 0 ? ~0ULL : decoder.dpa_start).put("\n");
  return {};
}
Result<void> show_dpa_size(const Scope& scope, Text& out) {
  put_address(decoder_in(scope).dpa_size, out);
  out.put("\n");
  return {};
}
Result<void> store_dpa_size(const Scope& scope, std::string_view text) {
  constexpr std::uint64_t kUnit = 256ULL << 20U;
  const auto size = parse_unsigned(text, 0);
  if (!size) {
    return tl::unexpected(size.error());
  }
  if (*size % kUnit != 0) {
    return fail(EINVAL);
  }
  return changing_cxl(scope, [&] { return cxl::set_dpa_size(*scope.store, decoder_in(scope), *size); });
}

constexpr NodeSpec kRootNodes[] = {
    attribute("cap_pmem", 0444, show_flag<store::kCxlCapPmem>),
    attribute("cap_ram", 0444, show_flag<store::kCxlCapRam>),
    attribute("cap_type2", 0444, show_flag<store::kCxlCapType2>),
    attribute("cap_type3", 0444, show_flag<store::kCxlCapType3>),
    attribute("create_pmem_region", 0644, show_next_region, store_create<CxlMode::pmem>, holds_pmem),
    attribute("create_ram_region", 0644, show_next_region, store_create<CxlMode::ram>, holds_ram),
    attribute("delete_region", 0200, nullptr, store_delete, holds_any),
    attribute("devtype", 0444, constant<"cxl_decoder_root">),
    attribute("interleave_granularity", 0444, show_granularity),
    attribute("interleave_ways", 0444, show_ways),
    attribute("locked", 0444, show_flag<store::kCxlLocked>),
    attribute("modalias", 0444, constant<"cxl:t0">),
    attribute("qos_class", 0444, show_qos_class),
    attribute("size", 0444, show_size),
    attribute("start", 0400, show_start),
    link("subsystem", fixed_target<"/sys/bus/cxl">),
    attribute("target_list", 0444, show_target_list),
    attribute("uevent", 0644, show_cxl_uevent<CxlKind::decoder>, store_uevent),
};
constexpr Family kRootFamilies[] = {{each_region_of_decoder, directory("", kCxlRegion)}};

constexpr NodeSpec kSwitchNodes[] = {
    attribute("devtype", 0444, constant<"cxl_decoder_switch">),
    attribute("interleave_granularity", 0444, show_granularity),
    attribute("interleave_ways", 0444, show_ways),
    attribute("locked", 0444, show_flag<store::kCxlLocked>),
    attribute("modalias", 0444, constant<"cxl:t0">),
    attribute("region", 0444, show_region),
    attribute("size", 0444, show_size),
    attribute("start", 0400, show_start),
    link("subsystem", fixed_target<"/sys/bus/cxl">),
    attribute("target_list", 0444, show_target_list),
    attribute("target_type", 0444, show_target_type),
    attribute("uevent", 0644, show_cxl_uevent<CxlKind::decoder>, store_uevent),
};

constexpr NodeSpec kEndpointNodes[] = {
    attribute("devtype", 0444, constant<"cxl_decoder_endpoint">),
    attribute("dpa_resource", 0444, show_dpa_resource),
    attribute("dpa_size", 0644, show_dpa_size, store_dpa_size),
    attribute("interleave_granularity", 0444, show_granularity),
    attribute("interleave_ways", 0444, show_ways),
    attribute("locked", 0444, show_flag<store::kCxlLocked>),
    attribute("modalias", 0444, constant<"cxl:t0">),
    attribute("mode", 0644, show_mode, store_mode),
    attribute("region", 0444, show_region),
    attribute("size", 0444, show_size),
    attribute("start", 0400, show_start),
    link("subsystem", fixed_target<"/sys/bus/cxl">),
    attribute("target_type", 0444, show_target_type),
    attribute("uevent", 0644, show_cxl_uevent<CxlKind::decoder>, store_uevent),
};

} // namespace

constinit const Directory kCxlRootDecoder = {kRootNodes, kRootFamilies};
constinit const Directory kCxlSwitchDecoder = {kSwitchNodes};
constinit const Directory kCxlEndpointDecoder = {kEndpointNodes};

} // namespace daxemu::sysfs
