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

} // namespace

bool render_mounts(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  // Where there is CXL there is a tracefs (emu/sysfs/tracing), whether or not the machine has its own mounted:
  // libtracefs looks for it here.
  constexpr std::string_view kTracefs = "tracefs /sys/kernel/tracing tracefs rw,nosuid,nodev,noexec,relatime 0 0\n";
  bool lacks_tracefs = cxl::is_present(source.store) && path.text.ends_with("/mounts");
  if (!store::has_covers(source.store) && !lacks_tracefs) {
    return false;
  }
  bool changed = false;
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    lacks_tracefs = lacks_tracefs && line.find(" /sys/kernel/tracing tracefs ") == std::string_view::npos;
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
  if (lacks_tracefs) {
    out.put(kTracefs);
  }
  return changed || lacks_tracefs;
}

} // namespace daxemu::preload
