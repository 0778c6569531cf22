// How much memory this process has: status, stat, statm and smaps_rollup. The machine counts a device's bytes as the
// shared memory that they are here; these say what the kernel that is mirrored counts of a device's.
#pragma once

#include <optional>

#include "runtime/preload/procfs/machine_files.hpp"

namespace daxemu::preload {

// Bytes that the machine counts as resident of this process's mappings of devices, and what the mirrored kernel does.
struct DeviceMemory {
  std::uint64_t shared_here = 0; // in RssShmem
  std::uint64_t files = 0;       // in RssFile
};
// Nothing: there is no such mapping.
[[nodiscard]] std::optional<DeviceMemory> device_memory(const ProcSource& source);

// A line of status that counts resident memory, corrected. False: it is another.
bool put_memory_line(const DeviceMemory& memory, std::string_view line, LineText& into);

// As those of machine_files.hpp, of this process only.
bool render_stat(const ProcSource& source, const ProcPath& path, int real, TextFile& out);
bool render_statm(const ProcSource& source, const ProcPath& path, int real, TextFile& out);
bool render_smaps_rollup(const ProcSource& source, const ProcPath& path, int real, TextFile& out);

} // namespace daxemu::preload
