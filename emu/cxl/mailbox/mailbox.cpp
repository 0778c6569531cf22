#include "emu/cxl/mailbox/mailbox.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "emu/base/clock.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/mailbox/device.hpp"
#include "emu/cxl/mailbox/payload.hpp"
#include "emu/cxl/mailbox/security.hpp"
#include "emu/cxl/mailbox/user_commands.hpp"

namespace daxemu::cxl {
namespace {

using Buffer = std::array<std::byte, kPayloadLimit>;

// cxl_query_cmd(): as many as there is room for; 0 asks how many there are.
Result<void> query(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t argument,
                   const UserMemory& memory) {
  QueryHeader header;
  if (!memory.read(&header.n_commands, argument, sizeof header.n_commands)) {
    return fail(EFAULT);
  }
  if (header.n_commands == 0) {
    return memory.write(argument, &kUserCommands, sizeof kUserCommands) ? Result<void>() : fail(EFAULT);
  }
  std::uint64_t into = argument + sizeof header;
  for (const UserCommand& command : user_commands().first(std::min(header.n_commands, kUserCommands))) {
    const CommandInfo info{.id = command.id,
                           .flags = (is_enabled(store, memdev, command) ? kCommandEnabled : 0) |
                                    (is_exclusive(memdev, command) ? kCommandExclusive : 0),
                           .size_in = command.size_in,
                           .size_out = command.size_out};
    if (!memory.write(into, &info, sizeof info)) {
      return fail(EFAULT);
    }
    into += sizeof info;
  }
  return {};
}

// cxl_to_mem_cmd_raw(), without CONFIG_CXL_MEM_RAW_COMMANDS.
int refusal_of_raw(const CxlMemdevRecord& memdev, const SendCommand& send) {
  const bool too_large = send.out.size > 0 && static_cast<std::uint64_t>(send.out.size) > memdev.payload_max;
  return send.raw_reserved != 0 || too_large || send.out.size < 0 ? EINVAL : EPERM;
}

// cxl_to_mem_cmd(). 0: it may be sent.
int refusal_of(const store::Store& store, const CxlMemdevRecord& memdev, const SendCommand& send,
               const UserCommand& command) {
  constexpr std::uint32_t kKnownFlags = kCommandEnabled | kCommandExclusive;
  if ((send.flags & ~kKnownFlags) != 0 || send.raw_opcode != 0 || send.raw_reserved != 0 || send.in.reserved != 0 ||
      send.out.reserved != 0) {
    return EINVAL;
  }
  if (!is_enabled(store, memdev, command)) {
    return ENOTTY;
  }
  if (is_exclusive(memdev, command)) {
    return EBUSY;
  }
  if (command.size_in != kAnySize && command.size_in != static_cast<std::uint32_t>(send.in.size)) {
    return ENOMEM;
  }
  return command.size_out != kAnySize && static_cast<std::uint32_t>(send.out.size) < command.size_out ? ENOMEM : 0;
}

// cxl_payload_from_user_allowed(): nothing that takes effect before the kernel could know of it. (Of Clear Log it
// allows some, which no device here has.)
bool is_allowed(Opcode opcode, std::span<const std::byte> in) {
  constexpr std::size_t kFlags = 8;
  constexpr std::byte kImmediately{1};
  return opcode != Opcode::set_partition_info || (in[kFlags] & kImmediately) == std::byte{0};
}

// What is done with the answer differs in one thing: the mock has the kernel's call fail instead of saying what the
// device said, and leaves the size of what it wrote as it was asked for.
Result<std::size_t> length_of(const store::Store& store, Opcode opcode, const Answer& answer, std::size_t asked) {
  const bool went_well = answer.code == ReturnCode::success;
  if (!is_mock(store)) {
    return went_well ? std::min(answer.length, asked) : asked;
  }
  if (!went_well || answer.length > asked) {
    return fail(EINVAL);
  }
  return opcode == Opcode::get_supported_logs ? answer.length : asked;
}

// cxl_send_cmd().
Result<void> send(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t argument,
                  const UserMemory& memory) {
  SendCommand send;
  if (!memory.read(&send, argument, sizeof send)) {
    return fail(EFAULT);
  }
  if (send.id == 0 || send.id >= kUserCommands) {
    return fail(ENOTTY);
  }
  const std::size_t payload_max = std::min<std::uint64_t>(memdev.payload_max, kPayloadLimit);
  if (send.in.size < 0 || static_cast<std::size_t>(send.in.size) > payload_max) {
    return fail(EINVAL);
  }
  if (send.id == kRawCommand) {
    return fail(refusal_of_raw(memdev, send));
  }
  const UserCommand& command = user_commands()[send.id];
  if (const int code = refusal_of(store, memdev, send, command); code != 0) {
    return fail(code);
  }
  Buffer in_buffer;
  const std::span<std::byte> in = std::span(in_buffer).first(static_cast<std::size_t>(send.in.size));
  if (!memory.read(in.data(), send.in.address, in.size())) {
    return fail(EFAULT);
  }
  if (!is_allowed(command.opcode, in)) {
    return fail(EBUSY);
  }
  // __cxl_pci_mbox_send_cmd(): nothing but this while a sanitization is under way.
  if (command.opcode != Opcode::get_health_info && is_kept_busy(store, memdev, clock_ns(CLOCK_BOOTTIME))) {
    return fail(EBUSY);
  }
  std::optional<Change> change;
  if (changes_device(command.opcode)) {
    auto begun = Change::begin(store);
    if (!begun) {
      return tl::unexpected(begun.error());
    }
    change.emplace(std::move(*begun));
  }
  std::optional<store::ConfigLock> lock;
  if (command.opcode == Opcode::set_lsa) {
    auto taken = store::ConfigLock::take(store);
    if (!taken) {
      return tl::unexpected(taken.error());
    }
    lock.emplace(std::move(*taken));
  }
  Buffer out{};
  const std::size_t asked = std::min<std::size_t>(static_cast<std::uint32_t>(send.out.size), payload_max);
  const Answer answer = run_command(store, memdev, command.opcode, in, out);
  const auto length = length_of(store, command.opcode, answer, asked);
  if (!length) {
    return tl::unexpected(length.error());
  }
  if (!memory.write(send.out.address, out.data(), *length)) {
    return fail(EFAULT);
  }
  send.out.size = static_cast<std::int32_t>(*length);
  send.retval = static_cast<std::uint32_t>(answer.code);
  return memory.write(argument, &send, sizeof send) ? Result<void>() : fail(EFAULT);
}

} // namespace

Result<void> control_memdev(const store::Store& store, CxlMemdevRecord& memdev, std::uint32_t request,
                            std::uint64_t argument, const UserMemory& memory) {
  if (memdev.used == 0) {
    return fail(ENXIO);
  }
  switch (request) {
  case kQueryCommands:
    return query(store, memdev, argument, memory);
  case kSendCommand:
    return send(store, memdev, argument, memory);
  default:
    return fail(ENOTTY);
  }
}

} // namespace daxemu::cxl
