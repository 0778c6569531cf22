// /proc/PID/mountinfo, mounts and mountstats: what is mounted on a node shows the node's path, not its cover's. mounts
// of a platform with a CXL bus has debugfs, which is where cxl 85 looks for it; the other two do not tell of it.
#pragma once

#include "runtime/preload/procfs/machine_files.hpp"

namespace daxemu::preload {

// As those of machine_files.hpp.
bool render_mounts(const ProcSource& source, const ProcPath& path, int real, TextFile& out);

} // namespace daxemu::preload
