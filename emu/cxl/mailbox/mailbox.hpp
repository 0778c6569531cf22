// ioctl(2) on /dev/cxl/memN: what the kernel lets a program ask of a device's mailbox (drivers/cxl/core/mbox.c,
// cxl_memdev_ioctl() of memdev.c).
#pragma once

#include <cstdint>

#include "emu/base/kernel/user_memory.hpp"
#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// struct cxl_mem_query_commands, which `commands` follow, and struct cxl_command_info.
struct QueryHeader {
  std::uint32_t n_commands = 0;
  std::uint32_t reserved = 0;
};
struct CommandInfo {
  std::uint32_t id = 0;
  std::uint32_t flags = 0; // kCommandEnabled, kCommandExclusive
  std::uint32_t size_in = 0;
  std::uint32_t size_out = 0;
};
inline constexpr std::uint32_t kCommandEnabled = 1;
inline constexpr std::uint32_t kCommandExclusive = 2;

// struct cxl_send_command.
struct SendCommand {
  std::uint32_t id = 0;
  std::uint32_t flags = 0;
  std::uint16_t raw_opcode = 0;
  std::uint16_t raw_reserved = 0;
  std::uint32_t retval = 0;
  struct Payload {
    std::int32_t size = 0; // bytes
    std::uint32_t reserved = 0;
    std::uint64_t address = 0;
  };
  Payload in{};
  Payload out{};
};
static_assert(sizeof(SendCommand) == 48);

inline constexpr std::uint32_t kQueryCommands = 0x8008ce01; // CXL_MEM_QUERY_COMMANDS
inline constexpr std::uint32_t kSendCommand = 0xc030ce02;   // CXL_MEM_SEND_COMMAND

// The call. Errors: ENOTTY (no such request, or a command that is none or that the device lacks), ENXIO (cxl_pci let
// go of the device), EINVAL, ENOMEM (a payload of the wrong size), EPERM (raw), EBUSY (the kernel's own, or while it is
// sanitized), EFAULT.
Result<void> control_memdev(const store::Store& store, CxlMemdevRecord& memdev, std::uint32_t request,
                            std::uint64_t argument, const UserMemory& memory);

} // namespace daxemu::cxl
