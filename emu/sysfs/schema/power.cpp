#include "emu/sysfs/schema/power.hpp"

namespace daxemu::sysfs {

void set_power(store::PowerBits& bits, std::uint8_t bit, bool on) {
  if (on) {
    bits.fetch_or(bit, std::memory_order_relaxed);
  } else {
    bits.fetch_and(static_cast<std::uint8_t>(~bit), std::memory_order_relaxed);
  }
}

} // namespace daxemu::sysfs
