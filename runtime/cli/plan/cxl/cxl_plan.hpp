// What a platform's CXL bus is to consist of, before it is built: a topology, and the regions that an administrator
// would have made of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emu/base/profile.hpp"
#include "emu/base/result.hpp"
#include "emu/cxl/enumeration/topology.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/cli/plan/share_wish.hpp"

namespace daxemu::cli {

inline constexpr std::uint64_t kCxlUnit = 256ULL << 20; // what capacities and windows are multiples of

struct CxlRegionPlan {
  std::uint32_t window = 0; // its root decoder, by position among the windows
  store::CxlMode mode = store::CxlMode::ram;
  std::vector<std::uint32_t> memdevs; // in the order of interleaving; by position in the topology, the N of memN
  std::uint32_t granularity = 0;      // bytes; 0: the window's
  std::uint64_t size = 0;             // bytes; 0: as much as its memdevs have
  std::uint64_t align = 2ULL << 20;   // of the extents of its device
  dax::FirstDriver driver = dax::FirstDriver::device_dax;
  std::optional<store::Uuid> uuid{}; // of a persistent one; nothing: a random one
};

struct CxlPlan {
  cxl::TopologySpec topology;
  std::vector<CxlRegionPlan> regions;
  ShareWish share;    // of those of its memdevs that say so
  std::string images; // absolute path of a folder that keeps what persistent memdevs have; empty: none
  [[nodiscard]] bool is_there() const { return !topology.host_bridges.empty(); }
};

// The memdevs in the order of their numbers: as they stand in the topology, from above, where each host bridge has a
// bus by their buses.
[[nodiscard]] std::vector<const cxl::MemdevSpec*> memdevs_of(const cxl::TopologySpec& topology);
// Memdevs that do not say whether they are shared are.
void share_all(cxl::TopologySpec& topology, const std::string& share);
// Bytes of a memdev that a region of this mode can have, as long as nothing else does.
[[nodiscard]] std::uint64_t capacity_of(const cxl::MemdevSpec& memdev, store::CxlMode mode);

// "use 256M or 512M": the sizes around one that is no multiple of `unit`; `flag` stands in front of the first.
[[nodiscard]] std::string nearest_multiples(const char* flag, std::uint64_t size, std::uint64_t unit);

// Has any memdev persistent memory?
[[nodiscard]] bool has_pmem(const cxl::TopologySpec& topology);

// What is wrong with one value: `path` of the file's key ("windows[0].size", below "cxl").
struct CxlMistake {
  std::string path;
  Problem problem;
};
// The first value that the topology or a region cannot have, on that kernel; regions without a size get theirs.
[[nodiscard]] std::optional<CxlMistake> check_cxl(CxlPlan& plan, const Profile& kernel);

} // namespace daxemu::cli
