// An address of this process as the system calls want it.
#pragma once

#include <cstdint>

namespace daxemu::fault {

[[nodiscard]] inline void* pointer(std::uint64_t address) {
  return reinterpret_cast<void*>(address); // NOLINT(performance-no-int-to-ptr)
}

} // namespace daxemu::fault
