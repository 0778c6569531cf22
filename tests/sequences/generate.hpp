// Sequences from seeds.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sequences/script.hpp"

namespace sequences {

// `families`: names with commas. The same seed is the same sequence for ever; whoever changes a generator says so by
// its records (record). `large`: for extents of 1G.
Sequence generate(const std::string& families, std::uint64_t seed, unsigned calls, bool large);

} // namespace sequences
