#include "runtime/preload/procfs/mount_files.hpp"

#include <array>

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

// What a platform with CXL has mounted whether or not the machine has (a container has neither): libcxl and libtracefs
// look in this table for where files of a CXL bus and events are (emu/sysfs/tracing).
struct Mount {
  std::string_view place; // with a space before and behind it, as it stands in a line
  std::string_view type;
};
constexpr std::array<Mount, 2> kCxlMounts = {{
    {" /sys/kernel/debug ", "debugfs"},
    {" /sys/kernel/tracing ", "tracefs"},
}};

// /proc/mounts and /proc/PID/mounts, in the form of fstab(5).
bool is_table(const ProcPath& path) {
  return path.text.ends_with("/mounts");
}

} // namespace

bool render_mounts(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  const bool with_cxl = is_table(path) && cxl::is_present(source.store);
  if (!with_cxl && !store::has_covers(source.store)) {
    return false;
  }
  bool changed = false;
  std::array<bool, kCxlMounts.size()> missing{};
  missing.fill(with_cxl);
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    for (std::size_t at = 0; at < kCxlMounts.size(); ++at) {
      missing[at] = missing[at] && line.find(kCxlMounts[at].place) == std::string_view::npos;
    }
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
  for (std::size_t at = 0; at < kCxlMounts.size(); ++at) {
    if (missing[at]) {
      out.put(kCxlMounts[at].type);
      out.put(kCxlMounts[at].place);
      out.put(kCxlMounts[at].type);
      out.put(" rw,nosuid,nodev,noexec,relatime 0 0\n");
      changed = true;
    }
  }
  return changed;
}

} // namespace daxemu::preload
