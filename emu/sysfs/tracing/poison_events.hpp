// cxl_poison events (drivers/cxl/core/trace.h): traced into every buffer of /sys/kernel/tracing that wants them.
// The caller holds a Change.
#pragma once

#include "emu/cxl/objects.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

enum class PoisonTrace : std::uint32_t { list, inject, clear }; // enum cxl_poison_trace_type

// cxl_inject_poison() and cxl_clear_poison(), of 64 bytes: the source is unknown to them.
void trace_poison(const Scope& scope, const cxl::CxlMemdevRecord& memdev, std::uint64_t dpa, PoisonTrace type);
// cxl_trigger_poison_list(): an event for each entry, those of regions first, then those that no region has.
void trace_poison_list(const Scope& scope, const cxl::CxlMemdevRecord& memdev);

} // namespace daxemu::sysfs
