#include "runtime/preload/ground/real.hpp"

#include <dlfcn.h>

namespace daxemu::preload {

void* RealSymbol::look() const {
  const auto found = NextSymbols::at_start().find(name_, hash_);
  void* address = found ? found->address : nullptr;
  libcs_.store(address != nullptr && found->libcs, std::memory_order_relaxed); // before anybody sees the address
  if (address == nullptr) {
    address = dlsym(RTLD_NEXT, name_); // in what was loaded since, or not to be looked up by us
  }
  next_.store(address, std::memory_order_release);
  return address;
}

} // namespace daxemu::preload
