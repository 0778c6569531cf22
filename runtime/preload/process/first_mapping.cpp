// What begins with a process's first mapping of a device.
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/pins/aio_pins.hpp"
#include "runtime/preload/pins/pipe_pins.hpp"
#include "runtime/preload/process/forks.hpp"

namespace daxemu::preload {
namespace {

void settle_holds() noexcept {
  settle_pipes();
  settle_aio();
}

} // namespace

void on_first_mapping(fault::AddressSpace& space) {
  follow_forks();
  space.also_follow(settle_holds);
}

} // namespace daxemu::preload
