// /proc/PID/status, whose nodes allowed include those of devices, and whose memory those of them that are mapped, and
// /proc/PID/fdinfo/N of a device.
#pragma once

#include "runtime/preload/procfs/machine_files.hpp"

namespace daxemu::preload {

// As those of machine_files.hpp.
bool render_status(const ProcSource& source, const ProcPath& path, int real, TextFile& out);
bool render_fdinfo(const ProcSource& source, const ProcPath& path, int real, TextFile& out);

} // namespace daxemu::preload
