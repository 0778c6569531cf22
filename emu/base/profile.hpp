// Which kernel's device-dax is mirrored. A later kernel becomes another entry here, what differs in it a field that the
// code asks for, and its answers a folder of that name in tests/conformance/golden.
#pragma once

#include <array>
#include <string_view>

namespace daxemu {

struct Profile {
  std::string_view name;            // of the kernel and of its goldens
  std::string_view device_dax_type; // its device-dax among the named memory types (pgmap::preset)
};

inline constexpr std::array kProfiles = {
    Profile{"linux-6.1", "GENERIC_6_1"},
};
inline constexpr const Profile& kMirrored = kProfiles.front(); // the one that is mirrored

} // namespace daxemu
