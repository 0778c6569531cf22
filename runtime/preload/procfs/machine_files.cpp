#include "runtime/preload/procfs/machine_files.hpp"

#include <sys/sysmacros.h>

#include "emu/procfs/machine_lines.hpp"
#include "runtime/preload/procfs/device_node.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kNoAddress = "0x0000000000000000"; // what the kernel shows to whoever may not know them

bool is_module_line_of(const sysfs::Tree& tree, std::string_view line) {
  bool ours = false;
  const std::string_view name = take_word(line);
  procfs::each_module(tree, [&](const procfs::ModuleLine& module) { ours = ours || module.name == name; });
  return ours;
}

// Resources that are still to be put among the machine's.
class ResourceLines {
public:
  ResourceLines(const store::Store& store, TextFile& out) : store_(store), out_(out) {}

  // Those that begin below `before`; `shows`: with their addresses.
  void put_below(std::uint64_t before, bool shows) {
    std::uint64_t from = next_;
    procfs::each_resource(store_, [&](const procfs::Resource& resource) {
      in_top_ = resource.depth == 0 ? resource.start >= from && resource.start < before : in_top_;
      if (!in_top_) {
        return;
      }
      next_ = resource.depth == 0 ? resource.start + 1 : next_;
      LineText line;
      for (unsigned level = 0; level < resource.depth; ++level) {
        line.put("  ");
      }
      line.hex(shows ? resource.start : 0, 8).put("-").hex(shows ? resource.last : 0, 8).put(" : ");
      line.put(resource.name.view()).put("\n");
      out_.put(line.view());
    });
  }

private:
  const store::Store& store_;
  TextFile& out_;
  std::uint64_t next_ = 0; // whatever begins below is there already
  bool in_top_ = false;    // of the resources being gone through
};

} // namespace

bool render_devices(const ProcSource& source, const ProcPath& /*path*/, int real, TextFile& out) {
  const auto majors = procfs::char_majors(source.store);
  std::size_t next = 0;
  bool characters = false;
  const auto put_below = [&](std::uint64_t number) {
    for (; next < majors.size() && majors[next].number < number; ++next) {
      LineText line;
      out.put(line.decimal(majors[next].number, 3).put(" ").put(majors[next].name).put("\n").view());
    }
  };
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    std::string_view rest = line;
    std::uint64_t number = 0;
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const bool numbered = take_number(rest, number);
    if (characters && !numbered) { // the empty line before the block devices
      put_below(UINT64_MAX);
      characters = false;
    }
    characters = characters || line.starts_with("Character devices:");
    if (characters && numbered) {
      put_below(number);
      rest.remove_prefix(std::min<std::size_t>(rest.size(), 1));
      if (procfs::is_char_name(source.store, take_word(rest))) {
        continue; // the machine's own driver: its devices are out of sight
      }
    }
    out.put(line);
  }
  if (characters) {
    put_below(UINT64_MAX);
  }
  return real >= 0;
}

bool render_modules(const ProcSource& source, const ProcPath& /*path*/, int real, TextFile& out) {
  procfs::each_module(source.tree, [&](const procfs::ModuleLine& module) {
    LineText line;
    line.put(module.name).put(" ").decimal(module.size).put(" ").decimal(module.references).put(" ");
    out.put(line.put(module.users.view()).put(" Live ").put(kNoAddress).put("\n").view());
  });
  Lines lines(real);
  for (std::string_view line = real >= 0 ? lines.next() : std::string_view(); !line.empty(); line = lines.next()) {
    if (!is_module_line_of(source.tree, line)) {
      out.put(line);
    }
  }
  return true;
}

// A process without CAP_SYS_ADMIN sees zeros for all addresses: then ours come behind the machine's memory, last.
bool render_iomem(const ProcSource& source, const ProcPath& /*path*/, int real, TextFile& out) {
  ResourceLines ours(source.store, out);
  bool shows = false;
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    std::string_view rest = line;
    std::uint64_t start = 0;
    std::uint64_t last = 0;
    if (!line.starts_with(' ') && take_number(rest, start, 16) && rest.starts_with('-')) {
      rest.remove_prefix(1);
      shows = (take_number(rest, last, 16) && last != 0) || shows;
      if (start != 0) {
        ours.put_below(start, shows);
      }
    }
    out.put(line);
  }
  ours.put_below(UINT64_MAX, shows);
  return real >= 0;
}

bool put_lock_line(const ProcSource& source, std::string_view line, LineText& into) {
  for (std::size_t at = 0; at < line.size();
       at = std::min(line.find_first_not_of(" \t", line.find_first_of(" \t", at)), line.size())) {
    std::string_view rest = line.substr(at);
    std::uint64_t major_number = 0;
    std::uint64_t minor_number = 0;
    std::uint64_t inode = 0;
    const auto colon = [&rest] {
      const bool there = rest.starts_with(':');
      rest.remove_prefix(there ? 1 : 0);
      return there;
    };
    if (!take_number(rest, major_number, 16) || !colon() || !take_number(rest, minor_number, 16) || !colon() ||
        !take_number(rest, inode)) {
      continue;
    }
    const auto node =
        node_of_inode(source, makedev(static_cast<unsigned>(major_number), static_cast<unsigned>(minor_number)), inode);
    if (!node) {
      return false;
    }
    into.put(line.substr(0, at)).hex(major(node->about.st_dev), 2).put(":").hex(minor(node->about.st_dev), 2);
    into.put(":").decimal(node->about.st_ino).put(rest);
    return true;
  }
  return false;
}

bool render_locks(const ProcSource& source, const ProcPath& /*path*/, int real, TextFile& out) {
  bool changed = false;
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    LineText shown;
    const bool ours = put_lock_line(source, line, shown);
    out.put(ours ? shown.view() : line);
    changed = changed || ours;
  }
  return changed;
}

} // namespace daxemu::preload
