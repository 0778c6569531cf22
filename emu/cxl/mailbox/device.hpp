// A memory device behind its mailbox: what it answers to each command, whoever sends it. Two devices: the one that QEMU
// emulates (hw/cxl/cxl-mailbox-utils.c, as a guest saw it), and that of the kernel's cxl_test
// (tools/testing/cxl/test/mem.c).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emu/base/function_ref.hpp"
#include "emu/cxl/mailbox/opcodes.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

struct Request {
  const store::Store& store;
  CxlMemdevRecord& memdev;
  std::span<const std::byte> in;
  std::span<std::byte> out; // payload_max bytes, all zero
};
struct Answer {
  ReturnCode code = ReturnCode::success;
  std::size_t length = 0; // of the payload in `out`
};

// Is it the kernel's mock that answers?
[[nodiscard]] bool is_mock(const store::Store& store);

inline constexpr std::uint32_t kAnySize = ~0U;

struct DeviceCommand {
  Opcode opcode;
  std::uint32_t size_in; // bytes, or kAnySize
  std::uint16_t effects;
  Answer (*run)(const Request& request);
  bool (*has)(const CxlMemdevRecord& memdev); // nullptr: every device has it
};

// The commands of a device, in the order of its Command Effects Log. Stops when told to by `false`.
void each_command(const store::Store& store, const CxlMemdevRecord& memdev,
                  FunctionRef<bool(const DeviceCommand&)> each);
[[nodiscard]] const DeviceCommand* command_of(const store::Store& store, const CxlMemdevRecord& memdev, Opcode opcode);

// Executes a command: `out` is at least payload_max bytes. Who sends one that changes the record (changes_device())
// holds a Change; Set LSA changes a file, and wants a ConfigLock, so that it is done as a whole.
[[nodiscard]] Answer run_command(const store::Store& store, CxlMemdevRecord& memdev, Opcode opcode,
                                 std::span<const std::byte> in, std::span<std::byte> out);
[[nodiscard]] bool changes_device(Opcode opcode);

} // namespace daxemu::cxl
