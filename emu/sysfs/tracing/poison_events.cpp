#include "emu/sysfs/tracing/poison_events.hpp"

#include "emu/cxl/translate.hpp"
#include "emu/sysfs/tracing/trace_into.hpp"

namespace daxemu::sysfs {
namespace {

void trace_entry(const Scope& scope, const cxl::CxlMemdevRecord& memdev, const store::CxlPoisonRecord& entry,
                 PoisonTrace type) {
  CxlTraceRecord event = trace_record_of(scope, memdev, CxlTraceKind::poison);
  event.trace_type = static_cast<std::uint32_t>(type);
  event.dpa = entry.start;
  event.length = static_cast<std::uint32_t>(entry.length);
  event.source = entry.source;
  name_region(scope, memdev, entry.start, event);
  trace_into_buffers(scope, event);
}

} // namespace

void trace_poison(const Scope& scope, const cxl::CxlMemdevRecord& memdev, std::uint64_t dpa, PoisonTrace type) {
  constexpr std::uint64_t kUnit = 64;
  trace_entry(scope, memdev, {.start = dpa, .length = kUnit}, type);
}

void trace_poison_list(const Scope& scope, const cxl::CxlMemdevRecord& memdev) {
  for (const bool in_region : {true, false}) {
    for (std::uint32_t at = 0; at < memdev.poison_count; ++at) {
      const store::CxlPoisonRecord& entry = memdev.poison[at];
      if (cxl::to_region(*scope.store, memdev, entry.start).has_value() == in_region) {
        trace_entry(scope, memdev, entry, PoisonTrace::list);
      }
    }
  }
}

} // namespace daxemu::sysfs
