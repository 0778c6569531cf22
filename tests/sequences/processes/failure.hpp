// The failure family: memory failure by madvise(2), early kill, and the driver that goes while the device is mapped. It
// never comes back while the sequence lives: 6.1 damages itself where descriptors from before are open.
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::failure {

void add_call(Making& making);
void add_state(Making& making, bool all);
std::optional<std::string> play(Stage& stage, const Call& call);
bool concerns(const Call& call);
// The driver takes the device anew, which forgets what failed. Before a sequence that failed something.
void renew(const conformance::Device& device);

} // namespace sequences::failure
