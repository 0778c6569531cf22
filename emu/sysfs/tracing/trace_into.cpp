#include "emu/sysfs/tracing/trace_into.hpp"

#include <array>

#include <sys/prctl.h>
#include <unistd.h>

#include "emu/base/clock.hpp"
#include "emu/cxl/translate.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/tracing/trace_buffer.hpp"

namespace daxemu::sysfs {

CxlTraceRecord trace_record_of(const Scope& scope, const cxl::CxlMemdevRecord& memdev, CxlTraceKind kind) {
  CxlTraceRecord event;
  event.kind = kind;
  event.time = clock_ns(CLOCK_MONOTONIC);
  event.pid = ::gettid();
  std::array<char, 16> command{};
  (void)::prctl(PR_GET_NAME, command.data());
  event.command.assign(command.data());
  NameText name;
  memdev_name(cxl_scope(scope, cxl::reference_of(*scope.store, memdev)), name);
  event.memdev.assign(name.view());
  NameText host;
  pci_name(cxl_scope(scope, memdev.pci), host);
  event.host.assign(host.view());
  event.serial = memdev.serial;
  event.hpa = ~0ULL;
  return event;
}

void name_region(const Scope& scope, const cxl::CxlMemdevRecord& memdev, std::uint64_t dpa, CxlTraceRecord& event) {
  if (const auto found = cxl::to_region(*scope.store, memdev, dpa)) {
    NameText region;
    cxl_region_name(cxl_scope(scope, cxl::reference_of(*scope.store, *found->region)), region);
    event.region.assign(region.view());
    event.uuid = found->region->uuid;
    event.hpa = found->region->start + found->offset;
  }
}

void trace_into_buffers(const Scope& scope, const CxlTraceRecord& event) {
  store::TraceBuffersRecord& traced = scope.store->cxl().traced;
  add_event(traced.top, event);
  for (store::TraceBufferRecord& instance : traced.instances) {
    if (instance.used != 0) {
      add_event(instance, event);
    }
  }
}

} // namespace daxemu::sysfs
