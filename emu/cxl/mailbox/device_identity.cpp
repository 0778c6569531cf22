// What a device is: its sizes, how it is divided, how it does, what firmware it runs.
#include <algorithm>

#include "emu/base/clock.hpp"
#include "emu/cxl/mailbox/device_answers.hpp"
#include "emu/cxl/mailbox/firmware.hpp"
#include "emu/cxl/mailbox/payload.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kCapacityUnit = 256ULL << 20; // CXL_CAPACITY_MULTIPLIER
constexpr std::size_t kRevision = 16;                 // bytes of a firmware's name

constexpr std::uint64_t capacity_units(std::uint64_t bytes) {
  return bytes / kCapacityUnit;
}

std::uint64_t total_capacity(const CxlMemdevRecord& memdev) {
  return memdev.ram_size + memdev.pmem_size;
}

} // namespace

// QEMU's (cmd_identify_memory_device()) ends with a field of CXL 3.0 that the kernel does not ask for; the mock
// (mock_id()) has neither that nor capacities of one kind only.
Answer identify(const Request& request) {
  constexpr std::uint32_t kPoisonRecords = 256;
  constexpr std::uint32_t kMockPoisonRecords = 1024;
  constexpr std::uint16_t kMockInjections = 128;
  constexpr std::uint16_t kDynamicEvents = 8;
  const CxlMemdevRecord& memdev = request.memdev;
  const bool mock = is_mock(request.store);
  PayloadWriter out(request.out);
  out.text(memdev.firmware.view(), kRevision)
      .number(capacity_units(total_capacity(memdev)))
      .number(capacity_units(memdev.only_ram))
      .number(capacity_units(memdev.only_pmem))
      .number(capacity_units(memdev.partition_align))
      .zeroes(4 * sizeof(std::uint16_t)) // sizes of event logs
      .number(static_cast<std::uint32_t>(memdev.label_size))
      .number24(mock ? kMockPoisonRecords : kPoisonRecords)
      .number(mock ? kMockInjections : std::uint16_t{0})
      .zeroes(2); // poison handling, QoS telemetry
  if (!mock) {
    out.number(kDynamicEvents);
  }
  return {.length = out.length()};
}

Answer get_partition_info(const Request& request) {
  const CxlMemdevRecord& memdev = request.memdev;
  PayloadWriter out(request.out);
  out.number(capacity_units(memdev.ram_size))
      .number(capacity_units(memdev.pmem_size))
      .number(capacity_units(memdev.next_ram))
      .number(capacity_units(memdev.next_pmem));
  return {.length = out.length()};
}

// CXL 3.1 8.2.9.9.2.2: what is volatile from the next reset on. Neither QEMU nor the mock has it.
Answer set_partition_info(const Request& request) {
  CxlMemdevRecord& memdev = request.memdev;
  const auto volatile_units = number_at<std::uint64_t>(request.in, 0);
  const std::uint64_t most = total_capacity(memdev) - memdev.only_pmem;
  const std::uint64_t ram = volatile_units * kCapacityUnit;
  if (volatile_units > capacity_units(total_capacity(memdev)) || ram < memdev.only_ram || ram > most ||
      (ram - memdev.only_ram) % memdev.partition_align != 0) {
    return {.code = ReturnCode::input};
  }
  memdev.next_ram = ram;
  memdev.next_pmem = total_capacity(memdev) - ram;
  return {};
}

// The kernel has set it to its own time when it found the device (cxl_set_timestamp()).
Answer get_timestamp(const Request& request) {
  PayloadWriter out(request.out);
  out.number(clock_ns(CLOCK_REALTIME));
  return {.length = out.length()};
}

// The mock's (mock_health_info()); QEMU's device has no such command.
Answer get_health_info(const Request& request) {
  PayloadWriter out(request.out);
  out.number(std::uint8_t{0x7})   // maintenance needed, slow, to be replaced
      .number(std::uint8_t{0x3})  // all data lost
      .number(std::uint8_t{0x18}) // temperature critical, corrected volatile errors: a warning
      .number(std::uint8_t{15})   // % of its life
      .number(std::uint16_t{25})  // degrees
      .number(std::uint32_t{10})  // dirty shutdowns
      .number(std::uint32_t{20})  // corrected errors, volatile
      .number(std::uint32_t{30}); // and persistent
  return {.length = out.length()};
}

// An estimate for a range: 500 ns for 64 bytes, at least 1 ms.
Answer get_scan_media_caps(const Request& request) {
  constexpr std::uint64_t kLine = 64;
  constexpr std::uint64_t kLinesPerMs = 2000;
  const auto start = number_at<std::uint64_t>(request.in, 0);
  const auto lines = number_at<std::uint64_t>(request.in, 8);
  if (start % kLine != 0) {
    return {.code = ReturnCode::input};
  }
  const std::uint64_t size = total_capacity(request.memdev);
  if (start > size || lines > (size - start) / kLine) {
    return {.code = ReturnCode::physical_address};
  }
  PayloadWriter out(request.out);
  out.number(static_cast<std::uint32_t>(std::max<std::uint64_t>(1, lines / kLinesPerMs)));
  return {.length = out.length()};
}

Answer get_fw_info(const Request& request) {
  constexpr std::uint32_t kSlotMask = 0x7;
  constexpr std::size_t kReserved = 13;
  const Firmware firmware = firmware_of(request.store, request.memdev, clock_ns(CLOCK_BOOTTIME));
  PayloadWriter out(request.out);
  out.number(static_cast<std::uint8_t>(firmware.slots))
      .number(static_cast<std::uint8_t>((firmware.active & kSlotMask) | ((firmware.staged & kSlotMask) << 3)))
      .number(static_cast<std::uint8_t>(firmware.can_activate_online ? 1 : 0))
      .zeroes(kReserved);
  for (const std::string_view revision : firmware.revisions) {
    out.text(revision, kRevision);
  }
  return {.length = out.length()};
}

} // namespace daxemu::cxl
