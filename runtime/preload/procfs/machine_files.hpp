// /proc/devices, /proc/modules, /proc/iomem and /proc/locks: the machine's lines, and those of the platform among them.
#pragma once

#include "runtime/preload/procfs/proc_files.hpp"
#include "runtime/preload/procfs/proc_text.hpp"

namespace daxemu::preload {

// What the path of a file of /proc says.
struct ProcPath {
  std::string_view text;    // all of it
  std::string_view process; // "self", "thread-self", digits; empty: a file of the machine
  bool own = false;         // of this process
};

// Each reads the machine's text from `real` (-1: it has no such file) and writes to `out`. False: leave it as it is.
bool render_devices(const ProcSource& source, const ProcPath& path, int real, TextFile& out);
bool render_modules(const ProcSource& source, const ProcPath& path, int real, TextFile& out);
bool render_iomem(const ProcSource& source, const ProcPath& path, int real, TextFile& out);
bool render_locks(const ProcSource& source, const ProcPath& path, int real, TextFile& out);

// "major:minor:inode" of a device's memory, as lines about locks have it, becomes its node's. False: none is in `line`.
bool put_lock_line(const ProcSource& source, std::string_view line, LineText& into);

} // namespace daxemu::preload
