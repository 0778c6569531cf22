// Which system calls the kernel's filter tells us of, and what their arguments are: what has to be carried from the
// program to us, and back. The rows are those of runtime/calls with a DAXEMU_OUTSIDE.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "emu/base/kernel/mseal.hpp"

namespace daxemu::supervise {

enum class Told : std::uint8_t {
  always,
  // So, but for AT_EMPTY_PATH with such a number as descriptors of ours do not have: that is fstat(2) of glibc, musl
  // and Rust. With a path beside that flag and that number, nobody asks us.
  empty_third, // the flag is in the third argument
  empty_fourth,
  descriptor, // if argument 0 is a number that descriptors of ours have
  request,    // the same, or if argument 1 registers memory with a userfaultfd
  pair,       // if argument 0 or 2 is
  mapping,    // mmap(2): such a number, a shared mapping of a file, or a range of the arena to be replaced
  range,      // if argument 0 is an address where devices are mapped
  moving,     // mremap(2): argument 0 or 4 is one
};

// What answers a call.
enum class By : std::uint8_t {
  path,       // the interposed function, if a path leads to something of ours
  opening,    // the same, and it gives a new descriptor
  descriptor, // the interposed function, if argument 0 is ours
  control,    // ioctl(2), fcntl(2)
  copy,       // dup(2) and its kin
  directory,  // chdir(2), fchdir(2), getcwd(2)
  memory,     // mappings.hpp
  transfer,   // copy_file_range(2)
  program,    // execve(2): what is ours is no program
  waiting,    // poll(2), select(2)
};

// Letters of `arguments`, one for each:
//   P path   D where that begins   T other text   F descriptor   n number
//   o bytes to fill, i bytes to take: as many as the next argument says (of T and i in xattr calls too)
//   R W pieces (iovec) to fill, to take: as many as the next argument says
//   a x f struct stat, statx, statfs to fill   t v u struct timespec[2], timeval[2], utimbuf to take, may be null
struct Shape {
  int number; // of the system call
  Told told;
  By by;
  std::string_view arguments;

  [[nodiscard]] constexpr bool opens() const { return by == By::opening; }
};

[[nodiscard]] std::span<const Shape> shapes();
// nullptr: none of ours.
[[nodiscard]] const Shape* shape_of(int number);

} // namespace daxemu::supervise
