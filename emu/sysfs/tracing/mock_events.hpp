// The event logs of the kernel's mock of a memory device (tools/testing/cxl/test/mem.c): what `event_trigger` has the
// kernel fetch, trace and clear. They are full again at each trigger. The caller holds a Change.
#pragma once

#include "emu/cxl/objects.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// cxl_mock_event_trigger(), cxl_mem_get_event_records()
void trace_mock_events(const Scope& scope, const cxl::CxlMemdevRecord& memdev);

} // namespace daxemu::sysfs
