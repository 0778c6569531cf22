// What was mounted of the platform's nodes, and on them. All-zero bytes are a record of nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "emu/base/text/fixed_string.hpp"

namespace daxemu::store {

// A file that stands for a device's node where that was bound to (mount(2) with MS_BIND): empty, on a file system made
// for it alone. Number and inode are another file's once it is gone; `mark` tells whether it is still this one.
struct BindRecord {
  std::atomic<std::uint32_t> device{0}; // index + 1; 0: free
  std::uint32_t mark = 0;               // f_files of its file system (statfs(2))
  std::uint64_t born = 0;               // that device's `born`
  std::uint64_t st_dev = 0;
  std::uint64_t st_ino = 0;
};
inline constexpr std::size_t kMaxBinds = 256; // the last ones made count

using CoverPath = FixedString<64>;

// A file on which is mounted what somebody has mounted on a node, which the kernel does not have.
struct CoverRecord {
  std::atomic<std::uint32_t> device{0}; // index + 1; 0: free
  std::uint32_t reserved = 0;
  std::uint64_t born = 0; // that device's `born`
  std::uint64_t st_dev = 0;
  std::uint64_t st_ino = 0; // of the file itself: what is found at `path` otherwise is mounted there
  CoverPath path;
};
inline constexpr std::size_t kMaxCovers = 64; // the last ones made count

// Where the file can be, the first that lets it: not in /dev, which is the machine's.
inline constexpr const char* kCoverFolders[] = {"/run", "/tmp", "/var/tmp"};
inline constexpr const char* kCoverPrefix = ".daxemu-"; // of its name

} // namespace daxemu::store
