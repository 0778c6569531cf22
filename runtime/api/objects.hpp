// What the handles of the C API point to.
#pragma once

#include <memory>

#include "runtime/api/device/device.hpp"

struct daxemu_platform {
  std::unique_ptr<daxemu::api::Platform> impl;
};
struct daxemu_device {
  daxemu::api::Platform* platform;
  std::unique_ptr<daxemu::api::Device> impl;
};
