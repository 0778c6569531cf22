// How the filter that tells of a program's system calls (`daxemu run --intercept kernel`) knows one that is ours.
#pragma once

#include <cstdint>

namespace daxemu {

// It passes: this is the last argument of calls that have fewer,
inline constexpr std::uint32_t kOwnCall = 0x0da0'e0da;
// or the upper half of a word that the kernel takes as an int: mmap's descriptor.
inline constexpr std::uint64_t kOwnDescriptor = std::uint64_t{kOwnCall} << 32U;

} // namespace daxemu
