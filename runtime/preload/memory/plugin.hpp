// The plugin that DAXEMU_PLUGIN names, in this process: loaded when the first device is mapped, its operations called
// by the fault path.
#pragma once

#include "runtime/fault/space/address_space.hpp"

namespace daxemu::preload {

class PluginHost {
public:
  // Loads it if one is named, and has `space` use it. Again: nothing. Errors: ELIBACC, ELIBBAD, EINVAL; said on stderr,
  // once.
  Result<void> prepare(const store::Store& store, fault::AddressSpace& space);

private:
  Result<void> load(const store::Store& store, fault::AddressSpace& space);
  std::atomic<int> stage_{0}; // 0: not tried, 1: being loaded, 2: done; below: minus the errno
  std::atomic<pid_t> loader_{0};
};

extern constinit PluginHost plugin_host;

} // namespace daxemu::preload
