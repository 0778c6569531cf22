#include "emu/cxl/mailbox/user_commands.hpp"

#include <array>

namespace daxemu::cxl {
namespace {

// RAW is not there: no distribution configures CXL_MEM_RAW_COMMANDS.
constexpr std::array<UserCommand, kUserCommands> kCommands = {{
    {},
    {1, Opcode::identify, 0, 0x43, true},
    {},
    {3, Opcode::get_supported_logs, 0, kAnySize, true},
    {4, Opcode::get_fw_info, 0, 0x50, false},
    {5, Opcode::get_partition_info, 0, 0x20, false},
    {6, Opcode::get_lsa, 0x8, kAnySize, false},
    {7, Opcode::get_health_info, 0, 0x12, false},
    {8, Opcode::get_log, 0x18, kAnySize, true},
    {9, Opcode::set_partition_info, 0xa, 0, false},
    {10, Opcode::set_lsa, kAnySize, 0, false},
    {11, Opcode::get_alert_config, 0, 0x10, false},
    {12, Opcode::set_alert_config, 0xc, 0, false},
    {13, Opcode::get_shutdown_state, 0, 0x1, false},
    {14, Opcode::set_shutdown_state, 0x1, 0, false},
    {},
    {},
    {},
    {18, Opcode::get_scan_media_caps, 0x10, 0x4, false},
    {},
    {},
    {21, Opcode::get_timestamp, 0, 0x8, false},
    {22, Opcode::get_log_caps, 0x10, 0x4, false},
    {23, Opcode::clear_log, 0x10, 0, false},
    {24, Opcode::get_supported_logs_sublist, 0x2, kAnySize, false},
}};

} // namespace

std::span<const UserCommand> user_commands() {
  return kCommands;
}

bool is_enabled(const store::Store& store, const CxlMemdevRecord& memdev, const UserCommand& command) {
  return command.id != 0 && (command.forced || command_of(store, memdev, command.opcode) != nullptr);
}

bool is_exclusive(const CxlMemdevRecord& memdev, const UserCommand& command) {
  return memdev.has_nvdimm != 0 && memdev.nvdimm_unbound == 0 &&
         (command.opcode == Opcode::set_lsa || command.opcode == Opcode::set_shutdown_state);
}

} // namespace daxemu::cxl
