#include "emu/sysfs/tree/relative_link.hpp"

#include <algorithm>

namespace daxemu::sysfs {

void put_relative(std::string_view link, std::string_view target, Text& out) {
  // What both begin with, whole components only. The link's own name never counts.
  const std::size_t last = link.rfind('/');
  const std::string_view directory = link.substr(0, last + 1);
  std::size_t common = 0;
  for (std::size_t at = 0; at < std::min(directory.size(), target.size()) && directory[at] == target[at]; ++at) {
    if (directory[at] == '/') {
      common = at + 1;
    }
  }
  for (const char c : directory.substr(common)) {
    if (c == '/') {
      out.put("../");
    }
  }
  out.put(target.substr(common));
}

} // namespace daxemu::sysfs
