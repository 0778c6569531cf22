// The words for what becomes of memory blocks (online_type_to_str in mm/memory_hotplug.c).
#pragma once

#include <array>
#include <string_view>

#include "emu/store/records/records.hpp"
#include "emu/sysfs/schema/parse.hpp"

namespace daxemu::sysfs {

// In the order of store::OnlinePolicy.
inline constexpr std::array<std::string_view, 4> kOnlinePolicies = {"offline", "online", "online_kernel",
                                                                    "online_movable"};

[[nodiscard]] constexpr std::string_view online_policy_word(store::OnlinePolicy policy) {
  return kOnlinePolicies.at(static_cast<std::size_t>(policy));
}

// mhp_online_type_from_str() of a whole text. Errors: EINVAL.
[[nodiscard]] inline Result<store::OnlinePolicy> parse_online_policy(std::string_view text) {
  for (std::size_t at = 0; at < kOnlinePolicies.size(); ++at) {
    if (same_text(kOnlinePolicies[at], text)) {
      return static_cast<store::OnlinePolicy>(at);
    }
  }
  return fail(EINVAL);
}

} // namespace daxemu::sysfs
