#include "runtime/preload/ground/real.hpp"

#include <dlfcn.h>

#include "emu/base/program/at_start.hpp"

namespace daxemu::preload {

DAXEMU_START_PATH void* RealSymbol::look(const char* name, std::uint32_t hash) const {
  const auto found = NextSymbols::at_start().find(name, hash);
  void* address = found ? found->address : nullptr;
  const bool libcs = address != nullptr && found->libcs;
  if (address == nullptr) {
    address = dlsym(RTLD_NEXT, name); // in what was loaded since, or not to be looked up by us
  }
  next_.store(reinterpret_cast<std::uintptr_t>(address) | (libcs ? kLibcs : 0), std::memory_order_release);
  return address;
}

} // namespace daxemu::preload
