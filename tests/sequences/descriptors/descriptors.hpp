// The descriptors family: open in every form, dup, fcntl, locks, close, passing them on, exec, and what a device-dax
// says to the calls of ordinary files. Descriptors lie in slots "s0" to "s7", which the memory family can map as well.
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::descriptors {

void add_call(Making& making);
void add_state(Making& making, bool all);
// A slot's name.
std::string slot(Making& making);

std::optional<std::string> play(Stage& stage, const Call& call);
// Calls of ordinary files: read, seek, truncate, ioctl.
std::optional<std::string> play_file_call(Stage& stage, const Call& call);
// fcntl(2), flock(2), record locks.
std::optional<std::string> play_control(Stage& stage, const Call& call);

// What /proc and fstat(2) say of a descriptor.
std::string look(const Stage& stage, int fd);
// The same of all slots.
std::string look(const Stage& stage);

} // namespace sequences::descriptors
