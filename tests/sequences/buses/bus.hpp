// The bus family: everything that is written to the dax bus in sysfs, with good and bad words, and what sysfs, /dev and
// daxctl say then. Devices of the region are "d0" (the one under test) to "d4". A sequence with such a call opens no
// device: 6.1 damages itself where one is unbound and bound again while it is open (a character device added twice).
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::bus {

void add_call(Making& making);
void add_state(Making& making, bool all);
std::optional<std::string> play(Stage& stage, const Call& call);

bool concerns(const Call& call);
// What the tree says of region, devices, drivers and nodes.
std::string look(const Stage& stage);
// One region and one device in it, as at the start. Before a sequence; where it fails, the next outcomes tell.
void restore(const conformance::Device& device);

// "d2" as "dax0.2"; other words as they are.
std::string named(const conformance::Device& device, const std::string& word);
// Physical address of the region's start; 0 where nobody says.
std::uint64_t region_start(const conformance::Device& device);
std::string folder_of(const conformance::Device& device, const std::string& word); // of "d2"

} // namespace sequences::bus
