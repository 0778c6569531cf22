#include "emu/sysfs/tracing/poison_events.hpp"

#include <array>

#include <sys/prctl.h>
#include <unistd.h>

#include "emu/base/clock.hpp"
#include "emu/cxl/translate.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/tracing/trace_buffer.hpp"

namespace daxemu::sysfs {
namespace {

store::PoisonTraceRecord event_of(const Scope& scope, const cxl::CxlMemdevRecord& memdev,
                                  const store::CxlPoisonRecord& entry, PoisonTrace type) {
  const Scope narrowed = cxl_scope(scope, cxl::reference_of(*scope.store, memdev));
  store::PoisonTraceRecord event;
  event.time = clock_ns(CLOCK_MONOTONIC);
  event.pid = ::gettid();
  std::array<char, 16> command{};
  (void)::prctl(PR_GET_NAME, command.data());
  event.command.assign(command.data());
  NameText name;
  memdev_name(narrowed, name);
  event.memdev.assign(name.view());
  NameText host;
  pci_name(cxl_scope(scope, memdev.pci), host);
  event.host.assign(host.view());
  event.serial = memdev.serial;
  event.trace_type = static_cast<std::uint32_t>(type);
  event.hpa = ~0ULL;
  event.dpa = entry.start;
  event.length = static_cast<std::uint32_t>(entry.length);
  event.source = entry.source;
  if (const auto found = cxl::to_region(*scope.store, memdev, entry.start)) {
    NameText region;
    cxl_region_name(cxl_scope(scope, cxl::reference_of(*scope.store, *found->region)), region);
    event.region.assign(region.view());
    event.uuid = found->region->uuid;
    event.hpa = found->region->start + found->offset;
  }
  return event;
}

void trace(const Scope& scope, const store::PoisonTraceRecord& event) {
  store::TraceBuffersRecord& traced = scope.store->cxl().traced;
  add_event(traced.top, event);
  for (store::TraceBufferRecord& instance : traced.instances) {
    if (instance.used != 0) {
      add_event(instance, event);
    }
  }
}

} // namespace

void trace_poison(const Scope& scope, const cxl::CxlMemdevRecord& memdev, std::uint64_t dpa, PoisonTrace type) {
  constexpr std::uint64_t kUnit = 64;
  trace(scope, event_of(scope, memdev, {.start = dpa, .length = kUnit}, type));
}

void trace_poison_list(const Scope& scope, const cxl::CxlMemdevRecord& memdev) {
  for (const bool in_region : {true, false}) {
    for (std::uint32_t at = 0; at < memdev.poison_count; ++at) {
      const store::CxlPoisonRecord& entry = memdev.poison[at];
      if (cxl::to_region(*scope.store, memdev, entry.start).has_value() == in_region) {
        trace(scope, event_of(scope, memdev, entry, PoisonTrace::list));
      }
    }
  }
}

} // namespace daxemu::sysfs
