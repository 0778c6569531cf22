// /proc/PID/numa_maps: mappings of devices under their nodes' names, and policies with the devices' memory nodes.
#pragma once

#include "runtime/preload/procfs/machine_files.hpp"

namespace daxemu::preload {

// As those of machine_files.hpp.
bool render_numa_maps(const ProcSource& source, const ProcPath& path, int real, TextFile& out);

} // namespace daxemu::preload
