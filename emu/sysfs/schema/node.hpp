// What a path of the tree stands for.
#pragma once

#include <cstdint>
#include <string_view>

#include "emu/base/text/fixed_string.hpp"

namespace daxemu::sysfs {

enum class NodeType : std::uint8_t {
  directory,
  attribute,
  symlink,
  device, // a character device
  block,  // the disk that a namespace of the nd bus is
};

inline constexpr std::uint32_t kNoDaxDevice = ~0U;
inline constexpr std::uint32_t kNoDevice = ~1U;      // a number that no driver answers to: open(2) is ENXIO
inline constexpr std::uint32_t kCxlMemdevNode = ~2U; // /dev/cxl/memN, whose ioctl(2)s are the mailbox of Node::memdev
inline constexpr std::uint32_t kNdDimmNode = ~3U;    // /dev/nmemN, whose ioctl(2)s are the label area of Node::memdev
using Path = FixedString<256>;

struct Node {
  NodeType type = NodeType::directory;
  bool shared = false;       // a directory that the real system has too: list the real entries as well (/dev, /sys/bus)
  bool is_pipe = false;      // an attribute that is read once: each read(2) says what is new
  std::uint32_t most = 4096; // bytes that the text of an attribute may have
  std::uint32_t mode = 0;    // permission bits
  std::uint64_t inode = 0;   // stable for a path as long as it exists; never that of another emulated path
  // Index into Store::devices() of the device a `device` node stands for; kNoDaxDevice: ndctl0, whose open(2) succeeds
  // for whoever may and that has no commands.
  // Of a `block` node index into Store::regions() of the region whose namespace it is.
  std::uint32_t device = 0;
  std::uint32_t memdev = 0; // of a kCxlMemdevNode or kNdDimmNode: reference (index + 1) of the memdev; 0: another node
  std::uint64_t number = 0; // of a `device` or `block` node: major and minor (dev_t)
  std::uint64_t born = 0;   // of what it is about (Scope::born): what is open of an earlier one is not of this one
  bool gone = false;        // a `device` node that has no name any more: of an open descriptor
  Path path;
};

struct Entry {
  std::string_view name;
  NodeType type;
  std::uint64_t inode;
};

} // namespace daxemu::sysfs
