// What a device keeps for others: its logs and its labels.
#include <algorithm>
#include <array>

#include "emu/cxl/mailbox/device_answers.hpp"
#include "emu/cxl/mailbox/payload.hpp"
#include "emu/nd/labels/label_area.hpp"

namespace daxemu::cxl {
namespace {

// Of the Command Effects Log.
constexpr std::array<std::byte, 16> kLogUuid = {std::byte{0x0d}, std::byte{0xa9}, std::byte{0xc0}, std::byte{0xb5},
                                                std::byte{0xbf}, std::byte{0x41}, std::byte{0x4b}, std::byte{0x78},
                                                std::byte{0x8f}, std::byte{0x79}, std::byte{0x96}, std::byte{0xb1},
                                                std::byte{0x62}, std::byte{0x3b}, std::byte{0x3f}, std::byte{0x17}};
constexpr std::size_t kEntry = 4; // bytes of one

std::uint32_t log_size(const Request& request) {
  std::uint32_t entries = 0;
  each_command(request.store, request.memdev, [&](const DeviceCommand&) {
    ++entries;
    return true;
  });
  return entries * kEntry;
}

// All of the log; bytes behind it stay zero.
void write_log(const Request& request, std::span<std::byte> into) {
  PayloadWriter log(into);
  each_command(request.store, request.memdev, [&](const DeviceCommand& command) {
    log.number(static_cast<std::uint16_t>(command.opcode)).number(command.effects);
    return true;
  });
}

} // namespace

Answer get_supported_logs(const Request& request) {
  PayloadWriter out(request.out);
  out.number(std::uint16_t{1}).zeroes(6).bytes(kLogUuid).number(log_size(request));
  return {.length = out.length()};
}

// QEMU's buffer is as long as there can be commands, and zero behind the log.
Answer get_log(const Request& request) {
  constexpr std::uint64_t kRoom = 65536 * kEntry;
  const auto offset = number_at<std::uint32_t>(request.in, 16);
  const auto length = number_at<std::uint32_t>(request.in, 20);
  const bool mock = is_mock(request.store);
  if (length > request.memdev.payload_max) {
    return {.code = ReturnCode::input};
  }
  if (!std::equal(kLogUuid.begin(), kLogUuid.end(), request.in.begin())) {
    return {.code = ReturnCode::log};
  }
  if (std::uint64_t{offset} + length > (mock ? log_size(request) : kRoom)) {
    return {.code = ReturnCode::input};
  }
  constexpr std::size_t kMost = 64 * kEntry;
  std::array<std::byte, kMost> log{};
  write_log(request, log);
  if (offset < log.size()) {
    const std::size_t count = std::min<std::size_t>(length, log.size() - offset);
    std::copy_n(log.begin() + offset, count, request.out.begin());
  }
  return {.length = length};
}

Answer get_lsa(const Request& request) {
  const auto offset = number_at<std::uint32_t>(request.in, 0);
  const auto length = number_at<std::uint32_t>(request.in, 4);
  if (std::uint64_t{offset} + length > request.memdev.label_size) {
    return {.code = ReturnCode::input};
  }
  if (length > request.out.size()) {
    return {.code = ReturnCode::input}; // QEMU does not ask, and writes behind its buffer
  }
  const auto read =
      nd::read_labels(request.store, nd::label_area_of(request.memdev), offset, request.out.first(length));
  return read ? Answer{.length = length} : Answer{.code = ReturnCode::internal};
}

Answer set_lsa(const Request& request) {
  constexpr std::size_t kHeader = 8;
  if (request.in.size() < kHeader) {
    return {.code = ReturnCode::payload_length};
  }
  const auto offset = number_at<std::uint32_t>(request.in, 0);
  const std::span<const std::byte> bytes = request.in.subspan(kHeader);
  if (offset + bytes.size() > request.memdev.label_size) {
    return {.code = ReturnCode::input};
  }
  const auto written = nd::write_labels(request.store, nd::label_area_of(request.memdev), offset, bytes);
  return written ? Answer{} : Answer{.code = ReturnCode::internal};
}

} // namespace daxemu::cxl
