// What a handle of a file of the C API is.
#pragma once

#include "runtime/api/device/device.hpp"

struct daxemu_file {
  daxemu::api::Platform* platform;
  daxemu::api::DeviceMemory memory;
  daxemu::pgmap::FileLayout* layout;
  daxemu::pgmap::FileId id;
  [[nodiscard]] std::uint64_t extent_size() const { return daxemu::kPageSize << memory.pages->order(); }
};
