// A mapping of a program, as a line of /proc/PID/maps says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/fault/mappings/vma.hpp"
#include "runtime/supervise/spaces/devices.hpp"

namespace daxemu::supervise {

inline constexpr const char* kFillerName = "daxemu-filler"; // an empty file: a touch of it is SIGBUS

struct Piece {
  std::uint64_t offset = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  int prot = 0;
  fault::DeviceView* view = nullptr; // nullptr: no device's
  bool filler = false;               // what a mapping has where no bytes are

  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const { return offset + (address - start); }
  // Bytes of it that are the device's.
  [[nodiscard]] fault::Vma vma() const {
    return {start, end, offset, view, static_cast<std::uint32_t>(prot), fault::kMayWrite | fault::kRegistered};
  }
};

// Those of the text that have bytes in [start, end).
[[nodiscard]] std::vector<Piece> pieces_of(std::string_view maps, const Devices& devices, std::uint64_t start,
                                           std::uint64_t end);

} // namespace daxemu::supervise
