// What a device refuses by requests that return no errno of their own: reasons are noted, and told, by whoever turns
// the request away.
#pragma once

#include "runtime/preload/nodes/device_rules.hpp"

namespace daxemu::preload {

// Notes why `operation` is refused with `error`, for who reads reasons. `fd`: the device's, or a negative number.
void note_device_refusal(int fd, Operation operation, int error);

} // namespace daxemu::preload
