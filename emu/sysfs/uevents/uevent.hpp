// What is said of devices that come, go and change: NETLINK_KOBJECT_UEVENT (lib/kobject_uevent.c). Who listens has a
// netlink socket of NETLINK_USERSOCK instead, which anybody may send to; its port is in the store, and whoever causes
// an event sends it there. So poll(2), filters, buffers, dup and fork are the kernel's own.
#pragma once

#include <string_view>

#include "emu/store/store.hpp"

namespace daxemu::sysfs {

struct Uevent {
  std::string_view action;
  std::string_view path;       // of the object, absolute, below /sys
  std::string_view subsystem;  // nothing is said of objects without one (kobject_uevent_env)
  std::string_view variables;  // lines of KEY=VALUE, as the object's uevent attribute reads
  std::string_view asked = {}; // of an event that a write to `uevent` asked for: what was written after the action
  bool synthetic = false;      // it is one of those
};

// Sends the event to everybody who listens, with the next SEQNUM. Waits for nobody: a listener whose buffer is full
// misses it. Allocates nothing.
void announce(const store::Store& store, const Uevent& event);

// From now on a socket of this netlink port hears of `groups` (store::kUeventsOfKernel and the like); 0 ends it.
// Errors: ENOMEM (too many listeners).
Result<void> listen(const store::Store& store, std::uint32_t port, std::uint32_t groups);

// The groups that a port listens to; 0: none.
[[nodiscard]] std::uint32_t listens_to(const store::Store& store, std::uint32_t port);

} // namespace daxemu::sysfs
