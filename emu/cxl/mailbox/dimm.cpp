#include "emu/cxl/mailbox/dimm.hpp"

#include <algorithm>
#include <array>

#include "emu/base/clock.hpp"
#include "emu/cxl/mailbox/device.hpp"
#include "emu/cxl/mailbox/payload.hpp"
#include "emu/cxl/mailbox/security.hpp"

namespace daxemu::cxl {
namespace {

// Commands of a DIMM (include/uapi/linux/ndctl.h).
constexpr std::uint32_t kGetConfigSize = 4;
constexpr std::uint32_t kGetConfigData = 5;
constexpr std::uint32_t kSetConfigData = 6;
constexpr std::uint32_t kCall = 10;

constexpr std::uint32_t kLongestCall = 4U << 20; // ND_IOCTL_MAX_BUFLEN
constexpr std::size_t kSetHeader = 8;            // struct cxl_mbox_set_lsa

// struct nd_cmd_get_config_size, and the headers of the two others.
struct ConfigSize {
  std::uint32_t status = 0;
  std::uint32_t size = 0;
  std::uint32_t most = 0;
};
struct Where {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

using Buffer = std::array<std::byte, kPayloadLimit>;

// By number, as __nd_ioctl() has it: those of buses that write are looked for among those of DIMMs too.
bool writes(std::uint32_t command) {
  constexpr std::array<std::uint32_t, 5> kWriting = {2, 4, kSetConfigData, 9, kCall};
  return std::find(kWriting.begin(), kWriting.end(), command) != kWriting.end();
}

// A region of the nd bus uses its labels (init_active_labels()).
bool is_busy(const store::Store& store, const CxlMemdevRecord& memdev) {
  const auto uses = [&](std::uint32_t target) {
    const CxlDecoderRecord* decoder = decoder_at(store, target);
    return decoder != nullptr && decoder->port != 0 && &memdev_of(store, *decoder) == &memdev;
  };
  return std::ranges::any_of(regions(store), [&](const CxlRegionRecord& region) {
    return region.used != 0 && region.mode == CxlMode::pmem && region.region != 0 &&
           store.region_table()[region.region - 1].nd.unbound == 0 && std::ranges::any_of(region.targets, uses);
  });
}

// cxl_internal_send_cmd(). Errors: ENXIO, and what else the device's word stands for; EBUSY.
Result<std::size_t> ask(const store::Store& store, CxlMemdevRecord& memdev, Opcode opcode,
                        std::span<const std::byte> in, std::span<std::byte> out) {
  if (is_kept_busy(store, memdev, clock_ns(CLOCK_BOOTTIME))) {
    return fail(EBUSY);
  }
  const Answer answer = run_command(store, memdev, opcode, in, out);
  return answer.code == ReturnCode::success ? Result<std::size_t>(answer.length) : fail(errno_of(answer.code));
}

Result<void> get_size(const CxlMemdevRecord& memdev, std::uint64_t argument, const UserMemory& memory) {
  ConfigSize answer;
  if (!memory.read(&answer, argument, sizeof answer)) {
    return fail(EFAULT);
  }
  answer = {.size = static_cast<std::uint32_t>(memdev.label_size), .most = label_transfer(memdev)};
  return memory.write(argument, &answer, sizeof answer) ? Result<void>() : fail(EFAULT);
}

Result<void> get_data(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t argument, const Where& where,
                      const UserMemory& memory) {
  constexpr std::uint32_t kStatus = 0;
  if (where.length > memdev.payload_max) {
    return fail(E2BIG);
  }
  Buffer in;
  PayloadWriter request(in);
  request.number(where.offset).number(where.length);
  Buffer out{};
  const auto read = ask(store, memdev, Opcode::get_lsa, std::span(in).first(request.length()), out);
  if (!read) {
    return tl::unexpected(read.error());
  }
  const std::uint64_t status = argument + sizeof where;
  const bool told =
      memory.write(status, &kStatus, sizeof kStatus) && memory.write(status + sizeof kStatus, out.data(), where.length);
  return told ? Result<void>() : fail(EFAULT);
}

Result<void> set_data(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t argument, const Where& where,
                      const UserMemory& memory) {
  constexpr std::uint32_t kStatus = 0;
  if (where.length + kSetHeader > memdev.payload_max) {
    return fail(E2BIG);
  }
  Buffer in;
  PayloadWriter request(in);
  request.number(where.offset).number(std::uint32_t{0});
  const std::uint64_t bytes = argument + sizeof where;
  if (!memory.read(in.data() + request.length(), bytes, where.length)) {
    return fail(EFAULT);
  }
  const auto lock = store::ConfigLock::take(store);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  Buffer out{};
  const auto written = ask(store, memdev, Opcode::set_lsa, std::span(in).first(kSetHeader + where.length), out);
  if (!written) {
    return tl::unexpected(written.error());
  }
  return memory.write(bytes + where.length, &kStatus, sizeof kStatus) ? Result<void>() : fail(EFAULT);
}

// ND_CMD_CALL: by its family, of which the bus has none.
Result<void> call_family(std::uint64_t argument, const UserMemory& memory) {
  std::array<std::byte, 64> package; // struct nd_cmd_pkg
  return fail(memory.read(package.data(), argument, package.size()) ? EINVAL : EFAULT);
}

} // namespace

std::uint32_t label_transfer(const CxlMemdevRecord& memdev) {
  return static_cast<std::uint32_t>(memdev.payload_max - kSetHeader);
}

Result<void> control_dimm(const store::Store& store, CxlMemdevRecord& memdev, const DimmCall& call,
                          std::uint64_t argument, const UserMemory& memory) {
  const std::uint32_t command = call.request & 0xffU; // _IOC_NR()
  if (memdev.used == 0 || memdev.dimm == 0) {
    return fail(ENXIO);
  }
  if (command == kCall) {
    return call_family(argument, memory);
  }
  if (command != kGetConfigSize && command != kGetConfigData && command != kSetConfigData) {
    return fail(ENOTTY);
  }
  if (call.read_only && writes(command)) {
    return fail(EPERM);
  }
  if (command == kGetConfigSize) {
    return get_size(memdev, argument, memory);
  }
  Where where;
  if (!memory.read(&where, argument, sizeof where)) {
    return fail(EFAULT);
  }
  // The three parts: where, the bytes and a word of status, in the order of the command.
  if (where.length > kLongestCall - sizeof where - sizeof(std::uint32_t)) {
    return fail(EINVAL);
  }
  if (command == kSetConfigData && is_busy(store, memdev)) {
    return fail(EBUSY);
  }
  return command == kGetConfigData ? get_data(store, memdev, argument, where, memory)
                                   : set_data(store, memdev, argument, where, memory);
}

} // namespace daxemu::cxl
