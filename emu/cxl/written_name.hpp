// Names of things on the cxl bus, as somebody writes them to a file: with a newline or without (sysfs_streq()).
#pragma once

#include <string_view>

#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

[[nodiscard]] constexpr std::string_view without_newline(std::string_view text) {
  return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
}
[[nodiscard]] constexpr bool is_empty_line(std::string_view text) {
  return without_newline(text).empty();
}

// What a name is of. At most one is not nullptr; all are where nothing on the bus is called so.
struct Named {
  CxlPortRecord* port = nullptr;
  CxlDecoderRecord* decoder = nullptr;
  CxlMemdevRecord* memdev = nullptr;
  CxlRegionRecord* region = nullptr;
  CxlRegionRecord* derived = nullptr; // dax_regionN or pmem_regionN
  CxlMemdevRecord* nvdimm = nullptr;  // pmemN
  bool is_bridge = false;             // nvdimm-bridge0
  [[nodiscard]] explicit operator bool() const {
    return port != nullptr || decoder != nullptr || memdev != nullptr || region != nullptr || derived != nullptr ||
           nvdimm != nullptr || is_bridge;
  }
};
// bus_find_device_by_name().
[[nodiscard]] Named find_on_bus(const store::Store& store, std::string_view written);

} // namespace daxemu::cxl
