// /proc/PID/mountinfo, mounts and mountstats: what is mounted on a node shows the node's path, not its cover's.
#pragma once

#include "runtime/preload/procfs/machine_files.hpp"

namespace daxemu::preload {

// As those of machine_files.hpp.
bool render_mounts(const ProcSource& source, const ProcPath& path, int real, TextFile& out);

} // namespace daxemu::preload
