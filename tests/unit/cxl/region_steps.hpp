// The steps from an empty window to a committed region, as cxl create-region does them.
#pragma once

#include <vector>

#include "tests/unit/cxl/attributes.hpp"
#include "tests/unit/cxl/platform.hpp"

namespace daxemu::cxl {

// errno of a write, 0: none; -1: no such file.
inline int written(const store::Store& store, const std::string& file, const std::string& text) {
  const auto result = write_attribute(store, file, text);
  return !result ? -1 : *result ? 0 : result->error().value;
}
inline std::string shown(const store::Store& store, const std::string& file) {
  const auto text = read_attribute(store, file);
  return text && *text ? (*text)->substr(0, (*text)->size() - 1) : "-";
}

struct RegionPlan {
  std::string window = "decoder0.0";
  std::string mode = "ram";
  std::uint32_t granularity = 256;
  std::uint64_t each = 256 * kMega;   // bytes of each target
  std::vector<std::string> endpoints; // by position
  std::uint32_t decoder = 0;          // of each endpoint
};

// All but the targets: its name.
inline std::string sized_region(const store::Store& store, const RegionPlan& plan) {
  const std::string name = shown(store, plan.window + "/create_" + plan.mode + "_region");
  const std::size_t ways = plan.endpoints.size();
  EXPECT_EQ(written(store, plan.window + "/create_" + plan.mode + "_region", name), 0);
  EXPECT_EQ(written(store, name + "/interleave_granularity", std::to_string(plan.granularity)), 0);
  EXPECT_EQ(written(store, name + "/interleave_ways", std::to_string(ways)), 0);
  if (plan.mode == "pmem") {
    EXPECT_EQ(written(store, name + "/uuid", "01234567-89ab-cdef-0123-45678900000" + name.substr(6) + "\n"), 0);
  }
  EXPECT_EQ(written(store, name + "/size", std::to_string(plan.each * ways)), 0);
  return name;
}
inline std::string decoder_of_endpoint(const std::string& endpoint, std::uint32_t decoder) {
  return "decoder" + endpoint.substr(8) + "." + std::to_string(decoder); // behind "endpoint"
}
inline void give_dpa(const store::Store& store, const std::string& decoder, const std::string& mode,
                     std::uint64_t size) {
  EXPECT_EQ(written(store, decoder + "/mode", mode), 0) << decoder;
  EXPECT_EQ(written(store, decoder + "/dpa_size", std::to_string(size)), 0) << decoder;
}
// With its targets; the errno of the last.
inline int set_targets(const store::Store& store, const RegionPlan& plan, const std::string& name) {
  int last = 0;
  for (std::size_t position = 0; position < plan.endpoints.size(); ++position) {
    const std::string decoder = decoder_of_endpoint(plan.endpoints[position], plan.decoder);
    give_dpa(store, decoder, plan.mode, plan.each);
    last = written(store, name + "/target" + std::to_string(position), decoder);
  }
  return last;
}
inline std::string committed_region(const store::Store& store, const RegionPlan& plan) {
  const std::string name = sized_region(store, plan);
  EXPECT_EQ(set_targets(store, plan, name), 0) << name;
  EXPECT_EQ(written(store, name + "/commit", "1"), 0) << name;
  return name;
}
inline CxlRegionRecord& region_named(const store::Store& store, const std::string& name) {
  for (CxlRegionRecord& region : regions(store)) {
    if (region.used != 0 && "region" + std::to_string(region.id) == name) {
      return region;
    }
  }
  ADD_FAILURE() << "no " << name;
  static CxlRegionRecord none;
  return none;
}

// Endpoints of a topology in the order of positions: bridge after bridge, and within each its memdevs in the order of
// their addresses. `bridges` have as many each.
inline std::vector<std::string> endpoints_by_position(const store::Store& store, std::uint32_t bridges) {
  std::vector<std::string> by_address;
  for (const CxlMemdevRecord& memdev : memdevs(store)) {
    by_address.push_back(name_of(store, *port_at(store, memdev.endpoint)));
  }
  const std::size_t each = by_address.size() / bridges;
  std::vector<std::string> by_position;
  for (std::size_t position = 0; position < by_address.size(); ++position) {
    by_position.push_back(by_address[position % bridges * each + position / bridges]);
  }
  return by_position;
}

} // namespace daxemu::cxl
