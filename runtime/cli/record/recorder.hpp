// What the parts of a record share: where they read, what they may tell, and what they could not say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/cli/record/sys_node.hpp"

namespace daxemu::cli {

using RecordJson = nlohmann::ordered_json;

struct Recorder {
  SysNode sys{"/sys"};
  bool anonymous = false;         // no serial numbers, uuids, firmware versions
  std::vector<std::string> notes; // what the file cannot say, and what this user may not read
  bool addresses_hidden = false;  // resource addresses are root's
  bool labels_hidden = false;     // and so are label areas

  // Not a copy of another one's /sys.
  [[nodiscard]] bool is_this_machine() const { return sys.path() == "/sys"; }

  void note(std::string text) { notes.push_back(std::move(text)); }
};

// Sizes as people write them, where a unit divides them.
[[nodiscard]] RecordJson size_json(std::uint64_t bytes);

// numa_node and target_node of a device, as the platform file says them of its region.
void record_nodes(const SysNode& node, RecordJson& region);
// The size of a region, which a file says in steps of 2M; `used`: what its devices take in a file.
void record_region_size(Recorder& recorder, const std::string& name, std::uint64_t size, std::uint64_t used,
                        RecordJson& region);
// The driver of a device of the dax bus, in the words of a platform file.
[[nodiscard]] std::string driver_of_dax(const SysNode& device);
// The lowest address of a region, where it may be read and the file can say it.
void record_start(Recorder& recorder, const std::string& name, std::optional<std::uint64_t> start, RecordJson& region,
                  std::uint64_t unit);

// hmem regions, whose devices programs create and delete: appended to `regions`.
void record_hmem(Recorder& recorder, RecordJson& regions);
// Regions of the nd bus without labels, each with the devdax namespace in it.
void record_nd(Recorder& recorder, RecordJson& regions);
// Those that DIMMs make. Were there any?
bool record_dimms(Recorder& recorder, RecordJson& regions);
// Is a region of the nd bus a CXL region's?
[[nodiscard]] bool is_of_cxl(const SysNode& region);
// The CXL bus; null where there is none.
[[nodiscard]] RecordJson record_cxl(Recorder& recorder);

} // namespace daxemu::cli
