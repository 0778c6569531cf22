// /sys/kernel/tracing/instances: directories that programs make and take away, each a buffer of its own.
#pragma once

#include <string_view>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::sysfs {

inline constexpr std::string_view kTraceInstances = "/sys/kernel/tracing/instances";

// instance_mkdir(). Errors: EEXIST, ENAMETOOLONG, ENOMEM (there are as many as a platform has).
Result<void> make_trace_instance(const store::Store& store, std::string_view name);
// instance_rmdir(). Errors: ENOENT.
Result<void> remove_trace_instance(const store::Store& store, std::string_view name);

} // namespace daxemu::sysfs
