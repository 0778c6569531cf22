// /proc/PID/maps and smaps: mappings of devices under their nodes' names. Those of this process as the
// kernel would print them, one for one (what stands for them are memory files and filler, in pieces); of another
// process only the pieces are known, and are named.
#pragma once

#include "runtime/preload/procfs/machine_files.hpp"

namespace daxemu::preload {

// As those of machine_files.hpp.
bool render_maps(const ProcSource& source, const ProcPath& path, int real, TextFile& out);
bool render_smaps(const ProcSource& source, const ProcPath& path, int real, TextFile& out);

} // namespace daxemu::preload
