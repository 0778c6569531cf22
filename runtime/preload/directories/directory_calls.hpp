// opendir(3) and what is built on it.
#pragma once

#include <dirent.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// `real` asks libc to open a stream of a path; `close_real` and `fd_of_real` are libc's closedir and dirfd.
struct RealDirectory {
  DIR* (*open)(const char*);
  DIR* (*over)(int);
  int (*close)(DIR*);
  int (*fd)(DIR*);
};

[[nodiscard]] DIR* open_directory(const char* path, const RealDirectory& real);
[[nodiscard]] DIR* open_directory_over(int fd, const RealDirectory& real);

// scandir(3), on top of the calls above. False: an ordinary directory, nothing done.
using Filter = int (*)(const struct dirent*);
using Compare = int (*)(const struct dirent**, const struct dirent**);
bool scan_directory(int dirfd, const char* path, struct dirent*** into, Filter filter, Compare compare, int& count);

// getdents64(2) of an emulated directory; the place in the listing is the descriptor's offset. False: not ours.
bool read_entries(int fd, void* buffer, std::size_t size, ssize_t& length);
// getdirentries(3): the same, and where in the listing it began.
bool read_entries_from(int fd, void* buffer, std::size_t size, off_t* base, ssize_t& length);

} // namespace daxemu::preload
