// The memory type of a device, as flags and platform files name it.
#pragma once

#include <cstdint>
#include <string>

#include "emu/base/profile.hpp"
#include "emu/base/result.hpp"
#include "emu/pgmap/memory_types.hpp"

namespace daxemu::cli {

// What the type named `name` does, for a device of extents of `align` bytes; GENERIC is device-dax as that kernel has
// it. Errors (Problem, EINVAL): no such type, one that this device cannot be of (extents larger than a page without
// compound folios, or operations only a driver has).
[[nodiscard]] Outcome<pgmap::Behaviours> memory_type(const std::string& name, std::uint64_t align,
                                                     const Profile& kernel);

// The name of the type with these behaviours, or "custom".
[[nodiscard]] const char* memory_type_name(pgmap::Behaviours set);

} // namespace daxemu::cli
