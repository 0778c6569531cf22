// The commands that user space may send (include/uapi/linux/cxl_mem.h, cxl_mem_commands of drivers/cxl/core/mbox.c).
#pragma once

#include <cstdint>
#include <span>

#include "emu/cxl/mailbox/device.hpp"

namespace daxemu::cxl {

inline constexpr std::uint32_t kUserCommands = 25; // CXL_MEM_COMMAND_ID_MAX
inline constexpr std::uint32_t kRawCommand = 2;    // CXL_MEM_COMMAND_ID_RAW

struct UserCommand {
  std::uint32_t id = 0; // 0: no such command (any more)
  Opcode opcode = Opcode::none;
  std::uint32_t size_in = 0; // bytes, or kAnySize
  std::uint32_t size_out = 0;
  bool forced = false; // CXL_CMD_FLAG_FORCE_ENABLE: enabled whatever the device's log says
};
// By id; all of them.
[[nodiscard]] std::span<const UserCommand> user_commands();

// What the kernel allows of a command (enabled_cmds, exclusive_cmds of struct cxl_mailbox).
[[nodiscard]] bool is_enabled(const store::Store& store, const CxlMemdevRecord& memdev, const UserCommand& command);
// cxl_nvdimm has the device: labels and shutdown state are its own (cxl_pmem_init()).
[[nodiscard]] bool is_exclusive(const CxlMemdevRecord& memdev, const UserCommand& command);

} // namespace daxemu::cxl
