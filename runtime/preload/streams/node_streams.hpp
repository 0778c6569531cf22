// FILEs whose reads and writes must not go to the descriptor by libc's own calls: those that both read and write an
// attribute, and those on a disk. They are cookie streams over the functions behind read(2), write(2) and lseek(2).
#pragma once

#include <cstdio>

namespace daxemu::preload {

class NodeStreams {
public:
  // A stream that owns `fd`; nullptr with errno if there is no room (EMFILE, ENOMEM).
  [[nodiscard]] static FILE* open(int fd, const char* mode);
  // The descriptor of such a stream, which libc's fileno() does not know; -1: none of ours. A load while there are
  // none.
  [[nodiscard]] static int number(FILE* stream) noexcept;
};

} // namespace daxemu::preload
