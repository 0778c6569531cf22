// A sequence as a C program of its own, which anyone can compile and run on any device.
#pragma once

#include <string>

#include "tests/sequences/script.hpp"

namespace sequences {

// "2A+H" as an expression of C.
std::string c_expression(const std::string& size);
// A call of the descriptors family as a value that is -1 for an error; empty for what is no such call.
std::string descriptor_value(const Call& call);

std::string program_of(const Sequence& sequence);

} // namespace sequences
