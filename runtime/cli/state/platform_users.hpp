// The processes that use a platform, and which engine serves each.
#pragma once

#include <string>
#include <vector>

#include "emu/store/store.hpp"

namespace daxemu::cli {

[[nodiscard]] const char* to_string(store::EngineKind engine);

// What the process calls itself (/proc/PID/comm); empty if it has ended.
[[nodiscard]] std::string comm_of(int pid);

struct PlatformUser {
  int pid = 0;
  std::string command; // comm_of()
  std::string engine;  // in effect there: the best it could have of what the platform asks for; "-": none
};

// Live processes that have mapped a device, in the order of their slots.
[[nodiscard]] std::vector<PlatformUser> platform_users(const store::Store& store);

} // namespace daxemu::cli
