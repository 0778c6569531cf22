// The first line of a mapping in /proc/PID/maps and smaps (show_map_vma in fs/proc/task_mmu.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/preload/procfs/proc_text.hpp"

namespace daxemu::preload {

struct MapsLine {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string_view rights; // "rw-s"
  std::uint64_t offset = 0;
  std::uint32_t major_number = 0;
  std::uint32_t minor_number = 0;
  std::uint64_t inode = 0;
  std::string_view name; // without the newline; empty: none

  // False: it is none ("Rss: ..." of the mapping before, for one). The views are into `line`.
  bool parse(std::string_view line) {
    const auto separated = [&line](char by) {
      const bool there = line.starts_with(by);
      line.remove_prefix(there ? 1 : 0);
      return there;
    };
    std::uint64_t major_read = 0;
    std::uint64_t minor_read = 0;
    if (!take_number(line, start, 16) || !separated('-') || !take_number(line, end, 16) || !separated(' ')) {
      return false;
    }
    rights = take_word(line);
    if (!take_number(line, offset, 16) || !separated(' ') || !take_number(line, major_read, 16) || !separated(':') ||
        !take_number(line, minor_read, 16) || !separated(' ') || !take_number(line, inode)) {
      return false;
    }
    major_number = static_cast<std::uint32_t>(major_read);
    minor_number = static_cast<std::uint32_t>(minor_read);
    const std::size_t begin = line.find_first_not_of(' ');
    name = begin == std::string_view::npos ? std::string_view() : line.substr(begin);
    name.remove_suffix(name.ends_with('\n') ? 1 : 0);
    return true;
  }

  void put(LineText& into) const {
    constexpr std::size_t kNameColumn = 73;
    into.hex(start, 8).put("-").hex(end, 8).put(" ").put(rights).put(" ").hex(offset, 8).put(" ");
    into.hex(major_number, 2).put(":").hex(minor_number, 2).put(" ").decimal(inode).put(" ");
    if (!name.empty()) {
      into.blanks_to(kNameColumn).put(name);
    }
    into.put("\n");
  }
};

} // namespace daxemu::preload
