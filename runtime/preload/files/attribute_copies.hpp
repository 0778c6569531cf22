// sendfile(2), splice(2) and copy_file_range(2) of attributes: their bytes are in no file that the kernel could copy
// from.
#pragma once

#include "runtime/preload/files/io_calls.hpp"

namespace daxemu::preload {

// One of the two descriptors is open on an attribute, neither on a device or disk.
ssize_t copy_attribute(int in, int out, const Places& places);

} // namespace daxemu::preload
