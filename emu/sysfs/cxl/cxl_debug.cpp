// /sys/kernel/debug/cxl: media errors of a memdev (drivers/cxl/mem.c), which of its addresses are whose
// (cxl_dpa_debug in drivers/cxl/core/hdm.c), and whether raw commands are let through (drivers/cxl/core/mbox.c).
#include "emu/cxl/poison.hpp"
#include "emu/cxl/translate.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/tracing/poison_events.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

void put_range(std::uint64_t start, std::uint64_t size, std::string_view indent, Text& out) {
  constexpr std::size_t kDigits = 8; // %08llx
  out.put(indent).digits(start, 16, kDigits).put("-").digits(start + size - 1, 16, kDigits).put(" : ");
}

// What the endpoint's decoders have of a partition: what they skip before it, and what they take.
void put_decoders(const Scope& memdev, std::uint64_t start, std::uint64_t size, Text& out) {
  const std::uint32_t endpoint = memdev_in(memdev).endpoint;
  if (endpoint == 0) {
    return;
  }
  each_endpoint_decoder(cxl_scope(memdev, endpoint), [&](std::string_view name, const Scope& scope) {
    const store::CxlDecoderRecord& decoder = decoder_in(scope);
    const auto put = [&](std::uint64_t from, std::uint64_t length) {
      if (length != 0 && from >= start && from < start + size) {
        put_range(from, length, "  ", out);
        out.put(name).put("\n");
      }
    };
    put(decoder.dpa_start - decoder.dpa_skip, decoder.dpa_skip);
    put(decoder.dpa_start, decoder.dpa_size);
    return true;
  });
}
Result<void> show_dpa(const Scope& scope, Text& out) {
  const store::CxlMemdevRecord& memdev = memdev_in(scope);
  const auto put_partition = [&](std::uint64_t start, std::uint64_t size, std::string_view name) {
    if (size != 0) {
      put_range(start, size, "", out);
      out.put(name).put("\n");
      put_decoders(scope, start, size, out);
    }
  };
  put_partition(0, memdev.ram_size, "ram");
  put_partition(memdev.ram_size, memdev.pmem_size, "pmem");
  return {};
}

// What the kernel asks of the device, and traces.
struct Inject {
  static constexpr auto kAsk = cxl::inject_poison;
  static constexpr PoisonTrace kTrace = PoisonTrace::inject;
};
struct Clear {
  static constexpr auto kAsk = cxl::clear_poison;
  static constexpr PoisonTrace kTrace = PoisonTrace::clear;
};
template <class Does>
Result<void> ask(const Scope& scope, cxl::CxlMemdevRecord& memdev, std::uint64_t dpa) {
  const auto done = Does::kAsk(*scope.store, memdev, dpa);
  if (done) {
    trace_poison(scope, memdev, dpa, Does::kTrace);
  }
  return done;
}

// simple_attr_write(): kstrtoull() in any base.
template <class Does>
Result<void> store_address(const Scope& scope, std::string_view text) {
  const auto dpa = parse_unsigned(text, 0);
  if (!dpa) {
    return tl::unexpected(dpa.error());
  }
  return changing_cxl(scope, [&] { return ask<Does>(scope, memdev_in(scope), *dpa); });
}

constexpr NodeSpec kMemdevNodes[] = {
    binary("clear_poison", 0200, 0, nullptr, store_address<Clear>),
    binary("dpamem", 0444, 0, show_dpa),
    binary("inject_poison", 0200, 0, nullptr, store_address<Inject>),
};
constinit const Directory kMemdev = {kMemdevNodes};
void each_bound_memdev(const Scope& scope, Members members) {
  each_memdev(scope, [&](std::string_view name, const Scope& memdev) {
    return !is_bound<CxlKind::memdev>(memdev) || members(name, memdev);
  });
}

// Of a region: the byte of whichever device it is.
template <class Does>
Result<void> store_offset(const Scope& scope, std::string_view text) {
  const auto offset = parse_unsigned(text, 0);
  if (!offset) {
    return tl::unexpected(offset.error());
  }
  return changing_cxl(scope, [&]() -> Result<void> {
    const auto address = cxl::to_device(*scope.store, cxl_region_in(scope), *offset);
    return address ? ask<Does>(scope, *cxl::memdev_at(*scope.store, address->memdev), address->dpa) : fail(EINVAL);
  });
}
constexpr NodeSpec kRegionNodes[] = {
    binary("clear_poison", 0200, 0, nullptr, store_offset<Clear>),
    binary("inject_poison", 0200, 0, nullptr, store_offset<Inject>),
};
constinit const Directory kRegion = {kRegionNodes};
// cxl_region_setup_poison(): while cxl_region has it.
void each_bound_region(const Scope& scope, Members members) {
  if (!scope.store->profile().cxl_regions_take_poison) {
    return;
  }
  each_cxl_region(scope, [&](std::string_view name, const Scope& region) {
    return !is_bound<CxlKind::region>(region) || members(name, region);
  });
}

// debugfs_create_bool()
Result<void> show_raw(const Scope& scope, Text& out) {
  out.put(scope.store->cxl().raw_allow_all != 0 ? "Y\n" : "N\n");
  return {};
}
Result<void> store_raw(const Scope& scope, std::string_view text) {
  const auto allow = parse_bool(text, scope.store->profile());
  if (!allow) {
    return fail(EINVAL);
  }
  scope.store->cxl().raw_allow_all = *allow ? 1 : 0;
  return {};
}
constexpr NodeSpec kMboxNodes[] = {binary("raw_allow_all", 0600, 0, show_raw, store_raw)};
constinit const Directory kMbox = {kMboxNodes};

constexpr NodeSpec kNodes[] = {directory("mbox", kMbox)};
constexpr Family kFamilies[] = {
    {each_bound_memdev, directory("", kMemdev)},
    {each_bound_region, directory("", kRegion)},
};

} // namespace

constinit const Directory kCxlDebug = {kNodes, kFamilies};

} // namespace daxemu::sysfs
