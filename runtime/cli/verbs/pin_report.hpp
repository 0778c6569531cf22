// Who holds which pages of a platform's devices: what `daxemu pins` shows.
#pragma once

#include <string>
#include <vector>

#include "emu/mm/holder_table.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cli {

struct DevicePins {
  std::string platform;
  std::string device;
  std::uint64_t align = 0;     // bytes of an extent
  std::uint64_t first_pfn = 0; // of extent 0, where the device is one range
  bool bound = true;           // to a driver; else what is held is held of nothing (6.1 does not wait)
  std::vector<mm::Hold> holds;
  std::vector<mm::Hold> released; // of processes that have ended
};

// Reads the ledger of every device with memory, after every process has brought its own part up to date; what the dead
// held is released and listed apart. Devices whose folio file is gone are left out. Errors: those of HolderTable.
[[nodiscard]] Result<std::vector<DevicePins>> read_pins(const store::Store& store);

// "longterm pin", "get + vmsplice get", ...: what a hold is, in the kernel's words.
[[nodiscard]] std::string kind_text(const mm::Hold& hold);

// One row per hold; a line for nothing.
[[nodiscard]] std::string pins_table(const std::vector<DevicePins>& devices);
[[nodiscard]] std::string pins_json(const std::vector<DevicePins>& devices);
// A line per process and device of what was released, for people; empty: nothing.
[[nodiscard]] std::string released_text(const std::vector<DevicePins>& devices);

} // namespace daxemu::cli
