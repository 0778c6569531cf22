#include "emu/cxl/mailbox/device.hpp"

#include <algorithm>
#include <array>

#include "emu/base/program/later_relocations.hpp"
#include "emu/cxl/mailbox/device_answers.hpp"
#include "emu/cxl/mailbox/payload.hpp"

namespace daxemu::cxl {
namespace {

bool can_partition(const CxlMemdevRecord& memdev) {
  return memdev.partition_align != 0;
}

// What the kernel alone sends is not answered here: events have none to hear of, features are not modelled; poison,
// sanitization and firmware have functions of their own (poison.hpp, security.hpp, firmware.hpp). It is in the log all
// the same, as it tells what the device can.
constexpr Answer (*kKernelsOwn)(const Request&) = nullptr;

// The Command Effects Log of QEMU 10.0's cxl-type3, as a guest read it; and Set Partition Info, which that lacks, of
// devices that can be partitioned.
DAXEMU_LATER_TABLE constexpr DeviceCommand kType3Commands[] = {
    {Opcode::get_event_records, 1, 0, kKernelsOwn, nullptr},
    {Opcode::clear_event_records, kAnySize, kChangesLogNow, kKernelsOwn, nullptr},
    {Opcode::get_event_interrupts, 0, 0, kKernelsOwn, nullptr},
    {Opcode::set_event_interrupts, kAnySize, kChangesConfigNow, kKernelsOwn, nullptr},
    {Opcode::get_fw_info, 0, 0, get_fw_info, nullptr},
    {Opcode::transfer_fw, kAnySize, kInBackground, kKernelsOwn, nullptr},
    {Opcode::activate_fw, 2, kInBackground, kKernelsOwn, nullptr},
    {Opcode::get_timestamp, 0, 0, get_timestamp, nullptr},
    {Opcode::set_timestamp, 8, kChangesPolicyNow, kKernelsOwn, nullptr},
    {Opcode::get_supported_logs, 0, 0, get_supported_logs, nullptr},
    {Opcode::get_log, 0x18, 0, get_log, nullptr},
    {Opcode::get_supported_features, 8, 0, kKernelsOwn, nullptr},
    {Opcode::get_feature, 0x15, 0, kKernelsOwn, nullptr},
    {Opcode::set_feature, kAnySize,
     kChangesConfigNow | kChangesDataNow | kChangesPolicyNow | kChangesLogNow | kChangesSecurity, kKernelsOwn, nullptr},
    {Opcode::identify, 0, 0, identify, nullptr},
    {Opcode::get_partition_info, 0, 0, get_partition_info, nullptr},
    {Opcode::set_partition_info, 0xa, kChangesConfigAtColdReset, set_partition_info, can_partition},
    {Opcode::get_lsa, 8, 0, get_lsa, nullptr},
    {Opcode::set_lsa, kAnySize, kChangesConfigNow | kChangesDataNow, set_lsa, nullptr},
    {Opcode::get_poison, 0x10, 0, kKernelsOwn, nullptr},
    {Opcode::inject_poison, 8, 0, kKernelsOwn, nullptr},
    {Opcode::clear_poison, 0x48, 0, kKernelsOwn, nullptr},
    {Opcode::get_scan_media_caps, 0x10, 0, get_scan_media_caps, nullptr},
    {Opcode::scan_media, 0x11, kInBackground, kKernelsOwn, nullptr},
    {Opcode::get_scan_media, 0, 0, kKernelsOwn, nullptr},
    {Opcode::sanitize, 0, kChangesDataNow | kChangesSecurity | kInBackground, kKernelsOwn, nullptr},
    {Opcode::get_security_state, 0, 0, kKernelsOwn, nullptr},
};

// mock_cel.
DAXEMU_LATER_TABLE constexpr DeviceCommand kMockCommands[] = {
    {Opcode::get_supported_logs, 0, 0, get_supported_logs, nullptr},
    {Opcode::identify, 0, 0, identify, nullptr},
    {Opcode::get_lsa, 8, 0, get_lsa, nullptr},
    {Opcode::get_partition_info, 0, 0, get_partition_info, nullptr},
    {Opcode::set_lsa, kAnySize, kChangesConfigNow | kChangesDataNow, set_lsa, nullptr},
    {Opcode::get_health_info, 0, 0, get_health_info, nullptr},
    {Opcode::get_poison, 0x10, 0, kKernelsOwn, nullptr},
    {Opcode::inject_poison, 8, kChangesDataNow, kKernelsOwn, nullptr},
    {Opcode::clear_poison, 0x48, kChangesDataNow, kKernelsOwn, nullptr},
    {Opcode::get_fw_info, 0, 0, get_fw_info, nullptr},
    {Opcode::transfer_fw, kAnySize, kChangesConfigAtColdReset | kInBackground, kKernelsOwn, nullptr},
    {Opcode::activate_fw, 2, kChangesConfigAtColdReset | kChangesConfigNow, kKernelsOwn, nullptr},
    {Opcode::sanitize, 0, kChangesDataNow | kChangesSecurity | kInBackground, kKernelsOwn, nullptr},
};

std::span<const DeviceCommand> table_of(const store::Store& store) {
  tables_ready();
  return is_mock(store) ? std::span<const DeviceCommand>(kMockCommands)
                        : std::span<const DeviceCommand>(kType3Commands);
}

bool has(const CxlMemdevRecord& memdev, const DeviceCommand& command) {
  return command.has == nullptr || command.has(memdev);
}

} // namespace

bool is_mock(const store::Store& store) {
  return store.cxl().state.mock != 0;
}

void each_command(const store::Store& store, const CxlMemdevRecord& memdev,
                  FunctionRef<bool(const DeviceCommand&)> each) {
  for (const DeviceCommand& command : table_of(store)) {
    if (has(memdev, command) && !each(command)) {
      return;
    }
  }
}

const DeviceCommand* command_of(const store::Store& store, const CxlMemdevRecord& memdev, Opcode opcode) {
  const DeviceCommand* found = nullptr;
  each_command(store, memdev, [&](const DeviceCommand& command) {
    found = command.opcode == opcode ? &command : nullptr;
    return found == nullptr;
  });
  return found;
}

// cxl_process_cci_message(): what is asked of every command.
Answer run_command(const store::Store& store, CxlMemdevRecord& memdev, Opcode opcode, std::span<const std::byte> in,
                   std::span<std::byte> out) {
  const DeviceCommand* command = command_of(store, memdev, opcode);
  if (command == nullptr || command->run == nullptr) {
    return {.code = ReturnCode::unsupported};
  }
  if (command->size_in != kAnySize && command->size_in != in.size()) {
    return {.code = ReturnCode::payload_length};
  }
  return command->run({store, memdev, in, out.first(std::min<std::size_t>(out.size(), memdev.payload_max))});
}

bool changes_device(Opcode opcode) {
  return opcode == Opcode::set_partition_info;
}

} // namespace daxemu::cxl
