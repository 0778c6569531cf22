// Memory of our own in a stranger's process, out of the places he chooses for himself. Programs look for a hole in
// their address space (mmap, munmap) and map a device into it by that address; the kernel fills holes from the top, so
// that whatever we map in between would take it, and their mmap would fail (PMDK does this for every pool).
#pragma once

#include <cstddef>
#include <cstdint>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/result.hpp"

namespace daxemu::sys {

// mmap(2) of `length` bytes half way between the program's data and its libraries, where neither grows to; anywhere if
// that is taken. Errors: mmap(2)'s. Never allocates.
[[nodiscard]] Result<void*> mmap_aside(std::size_t length, int prot, int flags, int fd = -1, std::uint64_t offset = 0);

// The same as a Mapping.
[[nodiscard]] Result<Mapping> map_aside(int fd, std::size_t length, int prot, int flags, std::uint64_t offset = 0);

} // namespace daxemu::sys
