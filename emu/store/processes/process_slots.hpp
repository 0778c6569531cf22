// Who uses a platform: one slot per process, taken when it first maps a device. A dead process's slot is recognised by
// pid and start time and can be taken over by anyone, so no process has to clean up after itself.
#pragma once

#include <optional>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::store {

// kSlotTaking comes with who is at it, from kTakerShift on: a taker that was killed is recognised too.
enum SlotState : std::uint32_t { kSlotFree = 0, kSlotTaking = 1, kSlotLive = 2 };
inline constexpr unsigned kTakerShift = 2; // a pid has at most 22 bits

// When process `pid` began: clock ticks since boot (field 22 of /proc/PID/stat). ESRCH if there is none. A zombie has
// ended for our purposes. No allocation, no stdio.
[[nodiscard]] Result<std::uint64_t> start_time_of(int pid);

// Is the slot's process still there? False for a free slot, a dead holder and a recycled pid.
[[nodiscard]] bool is_alive(const ProcessSlot& slot);

// The slot of this process, taken now if it has none; a dead process's one is reused. The caller undoes what the dead
// one held before it (`reclaimed` is called with the old slot, still as its holder left it).
// Errors: ENOSPC (as many live processes as there are slots). Lock-free; no allocation.
[[nodiscard]] Result<ProcessSlot*> claim_slot(const Store& store,
                                              void (*reclaimed)(const Store&, ProcessSlot&) = nullptr);

// Gives this process's slot back, if it has one.
void release_slot(const Store& store);

} // namespace daxemu::store
