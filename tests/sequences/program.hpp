// A sequence as a C program of its own, which anyone can compile and run on any device.
#pragma once

#include <string>

#include "tests/sequences/script.hpp"

namespace sequences {

std::string program_of(const Sequence& sequence);

} // namespace sequences
