// Which open file a mapping is of (vm_file). Mappings of two opens of one device are never one mapping, those of a
// descriptor and its copies are; and as in the kernel, a mapping keeps its open file, with the locks on it, until it is
// unmapped.
#pragma once

#include <array>
#include <cstdint>

namespace daxemu::fault {

class VmaTable;

// Under the table's lock throughout.
class OpenFiles {
public:
  // A number for the open file behind `fd`, which this process keeps open from now on. 0: nobody can tell (a seccomp
  // filter forbids kcmp(2), or too many are open): all of those count as one.
  [[nodiscard]] std::uint32_t number_of(int fd) noexcept;
  // Closes `number` if no mapping is of it any more.
  void settle(std::uint32_t number, const VmaTable& table) noexcept;

private:
  static constexpr std::size_t kMost = 64;
  std::array<int, kMost> copies_{}; // a descriptor of each + 1; 0: free. The number is the place + 1
};

} // namespace daxemu::fault
