// The memory family: mmap and every call on what it made, touches by the processor and by the kernel.
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::memory {

void add_call(Making& making);
void add_state(Making& making, bool all);

std::optional<std::string> play(Stage& stage, const Call& call);
// Calls that only look: "maps", "core", "bytes".
std::string maps(const Stage& stage);
std::string core(const Stage& stage);
std::string bytes(const Stage& stage);

// Is every byte mapped, and of the device? By /proc/self/maps.
bool all_device(const Stage& stage, const void* address, std::uint64_t length);
// Is any of it others' memory that may be written or executed, but not read?
bool others_unreadable(const Stage& stage, const void* address, std::uint64_t length);
// Is it several mappings, none of them of the device?
bool several_others(const Stage& stage, const void* address, std::uint64_t length);
// What the kernel's own touches of memory say: read, write, vm-read, vm-write, vmsplice, futex.
std::optional<std::string> play_kernel_touch(Stage& stage, const Call& call);

} // namespace sequences::memory
