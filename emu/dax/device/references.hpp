// Unbinding a device whose pages somebody still holds.
#pragma once

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// memunmap_pages() of a device that has been unbound: returns when no page of it is referenced any more, if its memory
// type waits for that (wait_for_folios; device-dax of 6.1 does not). What dead processes hold is released meanwhile. A
// caller that holds pages itself waits for ever, as in the kernel. Call without the configuration lock.
// Errors: those of opening the device's folio file.
Result<void> await_references(const store::Store& store, const store::DeviceRecord& device);

} // namespace daxemu::dax
