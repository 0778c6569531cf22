// The pins family: what keeps pages of the device when their mapping has gone. Pipes "0" to "2" keep them (vmsplice),
// are teed and drained later; io_uring and direct I/O take them for a moment.
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::pins {

void add_call(Making& making);
void add_state(Making& making, bool all);
std::optional<std::string> play(Stage& stage, const Call& call);

} // namespace sequences::pins
