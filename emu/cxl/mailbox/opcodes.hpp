// Commands of a device's mailbox, as they go over it, and what it says of them (CXL 3.1 8.2.9; enum cxl_opcode,
// CMD_CMD_RC_TABLE of drivers/cxl/cxlmem.h).
#pragma once

#include <cerrno>
#include <cstdint>

namespace daxemu::cxl {

enum class Opcode : std::uint16_t {
  none = 0,
  get_event_records = 0x0100,
  clear_event_records = 0x0101,
  get_event_interrupts = 0x0102,
  set_event_interrupts = 0x0103,
  get_fw_info = 0x0200,
  transfer_fw = 0x0201,
  activate_fw = 0x0202,
  get_timestamp = 0x0300,
  set_timestamp = 0x0301,
  get_supported_logs = 0x0400,
  get_log = 0x0401,
  get_log_caps = 0x0402,
  clear_log = 0x0403,
  get_supported_logs_sublist = 0x0405,
  get_supported_features = 0x0500,
  get_feature = 0x0501,
  set_feature = 0x0502,
  identify = 0x4000,
  get_partition_info = 0x4100,
  set_partition_info = 0x4101,
  get_lsa = 0x4102,
  set_lsa = 0x4103,
  get_health_info = 0x4200,
  get_alert_config = 0x4201,
  set_alert_config = 0x4202,
  get_shutdown_state = 0x4203,
  set_shutdown_state = 0x4204,
  get_poison = 0x4300,
  inject_poison = 0x4301,
  clear_poison = 0x4302,
  get_scan_media_caps = 0x4303,
  scan_media = 0x4304,
  get_scan_media = 0x4305,
  sanitize = 0x4400,
  secure_erase = 0x4401,
  get_security_state = 0x4500,
};

// What the device says of a command that it took.
enum class ReturnCode : std::uint16_t {
  success = 0,
  background = 1,
  input = 2,
  unsupported = 3,
  internal = 4,
  busy = 6,
  media_disabled = 7,
  fw_in_progress = 8,
  fw_out_of_order = 9,
  fw_slot = 0xb,
  physical_address = 0xf,
  poison_limit = 0x10,
  security = 0x13,
  payload_length = 0x16,
  log = 0x17,
};

// What the kernel makes of it where it asked by itself (cxl_mbox_cmd_rc2errno()); 0: success.
[[nodiscard]] constexpr int errno_of(ReturnCode code) {
  switch (code) {
  case ReturnCode::success:
    return 0;
  case ReturnCode::physical_address:
    return EFAULT;
  case ReturnCode::poison_limit:
    return EBUSY;
  default:
    return ENXIO;
  }
}

// Effects of a command, in the Command Effects Log.
inline constexpr std::uint16_t kChangesConfigAtColdReset = 1U << 0;
inline constexpr std::uint16_t kChangesConfigNow = 1U << 1;
inline constexpr std::uint16_t kChangesDataNow = 1U << 2;
inline constexpr std::uint16_t kChangesPolicyNow = 1U << 3;
inline constexpr std::uint16_t kChangesLogNow = 1U << 4;
inline constexpr std::uint16_t kChangesSecurity = 1U << 5;
inline constexpr std::uint16_t kInBackground = 1U << 6;

} // namespace daxemu::cxl
