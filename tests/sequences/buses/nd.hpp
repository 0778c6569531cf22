// The nd family: what is written to the nd bus of a pmem region in sysfs, with good and bad words, what ndctl makes of
// it, and what sysfs and /dev say then. "n" is the region's namespace, "x0" to "x3" its dax devices on the nd bus, "b0"
// a btt, "f0" a pfn, "r" the region. As with the dax bus, no device is open meanwhile. Left out is what makes a block
// device with contents of its own: a btt or a pfn is never given a uuid, without which none is bound. And the region
// keeps its driver: whose names the namespace and the seeds then get is a race of the kernel's threads.
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::nd {

void add_call(Making& making);
void add_state(Making& making, bool all);
std::optional<std::string> play(Stage& stage, const Call& call);

bool concerns(const Call& call);
// What the nd bus says of region, namespace and holders. Waits until the kernel has probed everything, which it does
// beside.
std::string look(const Stage& stage);
// One devdax in the region's namespace, with the device's extents, as at the start. Before a sequence.
void restore(const conformance::Device& device);

// Waits for what the kernel does beside whoever wrote: seeds, drivers that are asked (nd_synchronize).
void settle();

// "x2" as "dax0.2"; other words as they are.
std::string named(const std::string& word);

} // namespace sequences::nd
