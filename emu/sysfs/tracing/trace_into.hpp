// An event of a memdev, into every buffer of /sys/kernel/tracing that wants it. The caller holds a Change.
#pragma once

#include "emu/cxl/objects.hpp"
#include "emu/sysfs/schema/schema.hpp"
#include "emu/sysfs/tracing/trace_events.hpp"

namespace daxemu::sysfs {

// What every event of a memdev begins with: when, who, of which device.
[[nodiscard]] CxlTraceRecord trace_record_of(const Scope& scope, const cxl::CxlMemdevRecord& memdev, CxlTraceKind kind);
// And the region that has its byte `dpa`, if one does (cxl_dpa_to_region).
void name_region(const Scope& scope, const cxl::CxlMemdevRecord& memdev, std::uint64_t dpa, CxlTraceRecord& event);
void trace_into_buffers(const Scope& scope, const CxlTraceRecord& event);

} // namespace daxemu::sysfs
