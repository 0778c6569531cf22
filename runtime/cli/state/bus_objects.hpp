// What the CXL and the nd bus of a platform make devices of: regions and namespaces, as people look at them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emu/store/store.hpp"

namespace daxemu::cli {

struct BusObject {
  std::string name;       // region0, namespace0.0
  std::uint64_t size = 0; // bytes
  std::string kind;       // of a region ram or pmem, of a namespace its mode
  std::string state;      // commit, reset; enabled, disabled
  std::string of;         // what it is made of
  std::string device;     // what it has become; empty: nothing yet
};

// CXL regions.
[[nodiscard]] std::vector<BusObject> cxl_regions(const store::Store& store);
// Namespaces of the nd bus that have a size; `region`: of that one only.
[[nodiscard]] std::vector<BusObject> nd_namespaces(const store::Store& store,
                                                   const store::RegionRecord* region = nullptr);

} // namespace daxemu::cli
