#include "emu/nd/labels/config_data.hpp"

#include <algorithm>
#include <array>

namespace daxemu::nd {
namespace {

// Commands of a DIMM (include/uapi/linux/ndctl.h).
constexpr std::uint32_t kGetConfigSize = 4;
constexpr std::uint32_t kGetConfigData = 5;
constexpr std::uint32_t kSetConfigData = 6;

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
constexpr std::uint32_t kStatus = 0;

using Buffer = std::array<std::byte, kMostConfigData>;

Result<void> get_size(const ConfigData& data, std::uint64_t argument, const UserMemory& memory) {
  ConfigSize answer;
  if (!memory.read(&answer, argument, sizeof answer)) {
    return fail(EFAULT);
  }
  answer = {.size = static_cast<std::uint32_t>(data.size()), .most = data.most()};
  return memory.write(argument, &answer, sizeof answer) ? Result<void>() : fail(EFAULT);
}

Result<void> get_data(ConfigData& data, std::uint64_t argument, const Where& where, const UserMemory& memory) {
  if (auto fine = data.check(where.length, false); !fine) {
    return fine;
  }
  Buffer out{};
  if (auto read = data.read(where.offset, std::span(out).first(where.length)); !read) {
    return read;
  }
  const std::uint64_t status = argument + sizeof where;
  const bool told =
      memory.write(status, &kStatus, sizeof kStatus) && memory.write(status + sizeof kStatus, out.data(), where.length);
  return told ? Result<void>() : fail(EFAULT);
}

Result<void> set_data(ConfigData& data, std::uint64_t argument, const Where& where, const UserMemory& memory) {
  if (auto fine = data.check(where.length, true); !fine) {
    return fine;
  }
  Buffer in;
  const std::uint64_t bytes = argument + sizeof where;
  if (!memory.read(in.data(), bytes, where.length)) {
    return fail(EFAULT);
  }
  if (auto written = data.write(where.offset, std::span(in).first(where.length)); !written) {
    return written;
  }
  return memory.write(bytes + where.length, &kStatus, sizeof kStatus) ? Result<void>() : fail(EFAULT);
}

} // namespace

bool writes(std::uint32_t command) {
  constexpr std::array<std::uint32_t, 5> kWriting = {2, 4, kSetConfigData, 9, kCmdCall};
  return std::find(kWriting.begin(), kWriting.end(), command) != kWriting.end();
}

Result<void> control_config_data(ConfigData& data, const DimmCall& call, std::uint64_t argument,
                                 const UserMemory& memory) {
  const std::uint32_t command = command_of(call);
  if (command != kGetConfigSize && command != kGetConfigData && command != kSetConfigData) {
    return fail(ENOTTY);
  }
  if (call.read_only && writes(command)) {
    return fail(EPERM);
  }
  if (command == kGetConfigSize) {
    return get_size(data, argument, memory);
  }
  Where where;
  if (!memory.read(&where, argument, sizeof where)) {
    return fail(EFAULT);
  }
  // The three parts: where, the bytes and a word of status, in the order of the command.
  if (where.length > kLongestCall - sizeof where - sizeof kStatus) {
    return fail(EINVAL);
  }
  if (command == kSetConfigData && data.is_busy()) {
    return fail(EBUSY);
  }
  return command == kGetConfigData ? get_data(data, argument, where, memory) : set_data(data, argument, where, memory);
}

} // namespace daxemu::nd
