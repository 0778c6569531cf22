// inotify_add_watch(2) on emulated nodes. The watch is a real one, on a memory file kept open for it: it can be removed
// and its number is its own. No event comes of it: neither devtmpfs nodes nor sysfs attributes report what the kernel
// does to them, and accesses by programs are not reported here.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

int add_watch(const char* path, std::uint32_t mask, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
