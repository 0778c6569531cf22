#include "runtime/cli/state/platform_users.hpp"

#include <fstream>

#include <fmt/format.h>

#include "emu/store/processes/process_slots.hpp"

namespace daxemu::cli {

const char* to_string(store::EngineKind engine) {
  switch (engine) {
  case store::EngineKind::automatic:
    return "auto";
  case store::EngineKind::handler:
    return "handler";
  case store::EngineKind::inline_:
    return "inline";
  case store::EngineKind::populate:
    return "populate";
  }
  return "?";
}

std::string comm_of(int pid) {
  std::string comm;
  std::getline(std::ifstream(fmt::format("/proc/{}/comm", pid)), comm);
  return comm;
}

std::vector<PlatformUser> platform_users(const store::Store& store) {
  std::vector<PlatformUser> users;
  for (const store::ProcessSlot& slot : store.slots()) {
    if (store::is_alive(slot)) {
      const std::uint32_t engine = slot.engine.load();
      users.push_back(
          {slot.pid, comm_of(slot.pid), engine == 0 ? "-" : to_string(static_cast<store::EngineKind>(engine))});
    }
  }
  return users;
}

} // namespace daxemu::cli
