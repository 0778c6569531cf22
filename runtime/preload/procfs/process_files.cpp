#include "runtime/preload/procfs/process_files.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/dax/memory/memory_nodes.hpp"
#include "runtime/preload/ground/path_text.hpp"
#include "runtime/preload/procfs/device_node.hpp"
#include "runtime/preload/procfs/memory_files.hpp"
#include "runtime/preload/procfs/node_list.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kMask = "Mems_allowed:\t";
constexpr std::string_view kList = "Mems_allowed_list:\t";

// "00000000,00000001" as the kernel prints nodemasks: groups of eight digits, the lowest nodes last. Sets `nodes` in
// it, as far as it has digits for them.
void set_in_mask(const dax::NodeSet& nodes, char* text, std::size_t length) {
  constexpr std::size_t kBitsOfDigit = 4;
  constexpr std::size_t kGroup = 9; // with its comma
  for (std::size_t node = 0; node < dax::kMaxNodes; ++node) {
    const std::size_t digit = node / kBitsOfDigit;
    const std::size_t from_end = digit / (kGroup - 1) * kGroup + digit % (kGroup - 1) + 1;
    if (!nodes.test(node) || from_end > length) {
      continue;
    }
    char& shown = text[length - from_end];
    const int value = (shown >= 'a' ? shown - 'a' + 10 : shown - '0') | 1 << node % kBitsOfDigit;
    shown = "0123456789abcdef"[value];
  }
}

} // namespace

bool render_status(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  const dax::NodeSet ours = dax::new_memory_nodes(source.store);
  const auto memory = path.own ? device_memory(source) : std::nullopt;
  if (ours.none() && !memory) {
    return false;
  }
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    LineText counted;
    if (memory && put_memory_line(*memory, line, counted)) {
      out.put(counted.view());
    } else if (ours.none()) {
      out.put(line);
    } else if (line.starts_with(kMask) && line.ends_with('\n')) {
      std::array<char, 1024> text{};
      const std::size_t length = std::min(line.size() - kMask.size() - 1, text.size());
      std::memcpy(text.data(), line.data() + kMask.size(), length);
      set_in_mask(ours, text.data(), length);
      out.put(kMask);
      out.put({text.data(), length});
      out.put("\n");
    } else if (line.starts_with(kList)) {
      LineText shown;
      put_nodes(nodes_in(line.substr(kList.size())) | ours, shown);
      out.put(kList);
      out.put(shown.put("\n").view());
    } else {
      out.put(line);
    }
  }
  return true;
}

bool render_fdinfo(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  // "/proc/PID/fdinfo/N" is about what "/proc/PID/fd/N" leads to.
  constexpr std::string_view kInfo = "/fdinfo/";
  PathText link;
  const std::size_t at = path.text.rfind(kInfo);
  if (at == std::string_view::npos || !link.assign(path.text.substr(0, at)) || !link.append("/fd/") ||
      !link.append(path.text.substr(at + kInfo.size()))) {
    return false;
  }
  const auto opened = sys::fstatat(AT_FDCWD, link.c_str(), 0);
  const auto node = opened ? node_of_inode(source, opened->st_dev, opened->st_ino) : std::nullopt;
  if (!node) {
    return false;
  }
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    LineText shown;
    if (line.starts_with("pos:\t")) {
      out.put("pos:\t0\n"); // no call moves it (noop_llseek)
    } else if (line.starts_with("ino:\t")) {
      out.put(shown.put("ino:\t").decimal(node->about.st_ino).put("\n").view());
    } else {
      out.put(put_lock_line(source, line, shown) ? shown.view() : line);
    }
  }
  return true;
}

} // namespace daxemu::preload
