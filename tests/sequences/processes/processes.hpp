// The processes family: children that stay and make calls of any family, fork at any time, vfork, threads that map and
// touch at once, death. Children are "1" to "3"; what they do is told as it is for the parent.
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::processes {

void add_call(Making& making);
void add_state(Making& making, bool all);
std::optional<std::string> play(Stage& stage, const Call& call);
// Threads at once: crowd, crowd-map, thread.
std::optional<std::string> play_threads(Stage& stage, const Call& call);

// The call behind the first `skip` words.
Call inner_call(const Call& call, std::size_t skip);

} // namespace sequences::processes
