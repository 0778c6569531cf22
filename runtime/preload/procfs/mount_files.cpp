#include "runtime/preload/procfs/mount_files.hpp"

#include "emu/cxl/objects.hpp"
#include "emu/store/mount_table.hpp"

namespace daxemu::preload {
namespace {

// Puts the line with the node's path in the place of `cover`. False: that is not in it.
bool put_line_of(const ProcSource& source, const store::CoverRecord& cover, std::string_view line, TextFile& out) {
  const std::string_view path = cover.path.view();
  const std::size_t at = line.find(path);
  const std::size_t end = at + path.size();
  if (path.empty() || at == std::string_view::npos || at == 0 || line[at - 1] != ' ' || line.substr(end, 1) != " ") {
    return false;
  }
  const std::uint32_t number = cover.device.load(std::memory_order_acquire);
  if (number == 0 || number > source.store.device_table().size()) {
    return false;
  }
  out.put(line.substr(0, at));
  out.put(source.tree.node_of(source.store.device_table()[number - 1]).path.view());
  out.put(line.substr(end));
  return true;
}

// Where the files of a CXL bus are that cxl looks for in this table; a container has none mounted.
constexpr std::string_view kDebugfs = " /sys/kernel/debug ";

// /proc/mounts and /proc/PID/mounts, in the form of fstab(5).
bool is_table(const ProcPath& path) {
  return path.text.ends_with("/mounts");
}

} // namespace

bool render_mounts(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
<<<<<<< HEAD
  bool wants_debugfs = is_table(path) && source.store.cxl().state.present != 0;
  if (!wants_debugfs && !store::has_covers(source.store)) {
=======
  // Where there is CXL there is a tracefs (emu/sysfs/tracing), whether or not the machine has its own mounted:
  // libtracefs looks for it here.
  constexpr std::string_view kTracefs = "tracefs /sys/kernel/tracing tracefs rw,nosuid,nodev,noexec,relatime 0 0\n";
  bool lacks_tracefs = cxl::is_present(source.store) && path.text.ends_with("/mounts");
  if (!store::has_covers(source.store) && !lacks_tracefs) {
>>>>>>> cxl-suite
    return false;
  }
  bool changed = false;
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
<<<<<<< HEAD
    wants_debugfs = wants_debugfs && line.find(kDebugfs) == std::string_view::npos;
=======
    lacks_tracefs = lacks_tracefs && line.find(" /sys/kernel/tracing tracefs ") == std::string_view::npos;
>>>>>>> cxl-suite
    bool put = false;
    store::each_cover(source.store, nullptr, [&](const store::CoverRecord& cover) {
      put = put_line_of(source, cover, line, out);
      return !put;
    });
    if (!put) {
      out.put(line);
    }
    changed = changed || put;
  }
<<<<<<< HEAD
  if (wants_debugfs) {
    out.put("debugfs");
    out.put(kDebugfs);
    out.put("debugfs rw,nosuid,nodev,noexec,relatime 0 0\n");
  }
  return changed || wants_debugfs;
=======
  if (lacks_tracefs) {
    out.put(kTracefs);
  }
  return changed || lacks_tracefs;
>>>>>>> cxl-suite
}

} // namespace daxemu::preload
