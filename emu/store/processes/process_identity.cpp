#include "emu/store/processes/process_identity.hpp"

#include "emu/store/processes/process_slots.hpp"

namespace daxemu::store {

std::uint64_t identity_of(int pid) {
  const auto start = start_time_of(pid);
  return (static_cast<std::uint64_t>(pid) << 32U) | (start.value_or(0) & 0xffffffffU);
}

bool is_alive(std::uint64_t identity) {
  return identity == identity_of(static_cast<int>(identity >> 32U));
}

} // namespace daxemu::store
