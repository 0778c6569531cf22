// The label area of /dev/nmemN by ioctl(2): ND_CMD_GET_CONFIG_SIZE, _GET_CONFIG_DATA and _SET_CONFIG_DATA, as
// __nd_ioctl() of drivers/nvdimm/bus.c takes them apart. What the DIMM behind it answers is its bus's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emu/base/kernel/user_memory.hpp"
#include "emu/base/result.hpp"

namespace daxemu::nd {

// What a DIMM or a bus is while the call is made.
struct DimmCall {
  std::uint32_t request = 0; // only the number of it counts
  bool read_only = false;    // of the open file
};
inline constexpr std::uint32_t kCmdCall = 10; // ND_CMD_CALL

[[nodiscard]] inline std::uint32_t command_of(const DimmCall& call) {
  return call.request & 0xffU; // _IOC_NR()
}
// Is it one that a file opened for reading may not ask? By number: those of buses that write are looked for among those
// of DIMMs too (read_only_bus_cmds, read_only_dimm_cmds).
[[nodiscard]] bool writes(std::uint32_t command);

inline constexpr std::uint32_t kLongestCall = 4U << 20U; // ND_IOCTL_MAX_BUFLEN
inline constexpr std::size_t kMostConfigData = 4096;     // bytes that a DIMM here moves at a time

class ConfigData {
public:
  ConfigData() = default;
  ConfigData(const ConfigData&) = delete;
  ConfigData& operator=(const ConfigData&) = delete;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  [[nodiscard]] virtual std::uint32_t most() const = 0; // max_xfer
  [[nodiscard]] virtual bool is_busy() const = 0;       // a region that is bound uses it (nvdimm_busy)
  // Of so many bytes, before they are looked at.
  [[nodiscard]] virtual Result<void> check(std::uint32_t length, bool writing) const = 0;
  [[nodiscard]] virtual Result<void> read(std::uint32_t offset, std::span<std::byte> into) = 0;
  [[nodiscard]] virtual Result<void> write(std::uint32_t offset, std::span<const std::byte> from) = 0;

protected:
  ~ConfigData() = default;
};

// Errors: ENOTTY (none of the three), EINVAL, EPERM (`read_only`), EBUSY, EFAULT, those of the DIMM.
Result<void> control_config_data(ConfigData& data, const DimmCall& call, std::uint64_t argument,
                                 const UserMemory& memory);

} // namespace daxemu::nd
