// Which processes have a device's bytes mapped, and where: asked of the kernel, not of what the processes say of
// themselves, so it holds for processes that know nothing of us too.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::fault {

// One vm_area_struct.
struct MappedPiece {
  std::uint64_t process = 0; // store::identity_of
  std::uint64_t start = 0;   // address
  std::uint64_t end = 0;
  std::uint64_t offset = 0; // bytes from the device's start

  [[nodiscard]] int pid() const { return static_cast<int>(process >> 32U); }
  friend bool operator==(const MappedPiece&, const MappedPiece&) = default;
};

// Of all processes that may be looked into, by process and address. Errors: EACCES (a process that uses the platform
// may not be looked into), those of reading /proc; ENOTSUP (the device's bytes are a file on a disk, which /proc may
// name by other numbers than stat(2) does).
[[nodiscard]] Result<std::vector<MappedPiece>> mapped_pieces(const store::Store& store,
                                                             const store::DeviceRecord& device);

} // namespace daxemu::fault
