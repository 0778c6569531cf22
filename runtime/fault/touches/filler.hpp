// Memory whose touch is SIGBUS: a mapping of an empty memory file. The kernel itself then sends what device-dax sends
// beyond its end (BUS_ADRERR with the exact address) and answers EFAULT where it touches it for a system call, in every
// engine and whatever the program does with its signals.
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"

namespace daxemu::fault {

class Filler {
public:
  // Errors: memfd_create(2)'s.
  Result<void> prepare();
  // Puts filler over [address, address + length), whatever is there (MAP_FIXED). Errors: mmap(2)'s.
  Result<void> place(std::uint64_t address, std::uint64_t length, std::uint32_t prot) const;
  // Is it filler that lies at `address`? False too where the kernel cannot be asked (before 6.11). Under the table's
  // lock.
  [[nodiscard]] bool is_at(std::uint64_t address) const;

private:
  int fd_ = -1;
  std::uint64_t inode_ = 0;
};

} // namespace daxemu::fault
