// Outcomes as text that says nothing of the host: names of errors, sizes in extents, addresses relative to a mapping.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/conformance/ask/device.hpp"

namespace conformance {

std::string error_name(int error);    // "errno=EINVAL"
std::string last_error();             // the same of errno
std::string said(long result);        // "ok" for 0, "ok=N" above, the error below
std::string said_ok(long result);     // "ok" for 0 and above, the error below
std::string returned(int error_code); // "ok" for 0, else the error (posix_* and io_uring style, either sign)

// Bytes in units of the device: "0", "size", "2A", "1A+4096", "-1A".
std::string in_extents(std::int64_t bytes, const Device& device);

// "a=1 b=2" from parts. A braced list: its elements are evaluated from left to right, and a row's parts have effects.
std::string line(const std::vector<std::string>& parts);

} // namespace conformance
