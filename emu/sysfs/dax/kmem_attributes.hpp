// What a device says of itself as memory: `state` while kmem has it, and `memmap_on_memory`.
#pragma once

#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {

[[nodiscard]] bool has_kmem_state(const Scope& scope);
Result<void> show_kmem_state(const Scope& scope, Text& out);
// state_store() in drivers/dax/kmem.c. Errors: EINVAL (no such word, or "offline", which nobody may ask for), EBUSY
// (plugged in otherwise, or in use).
Result<void> store_kmem_state(const Scope& scope, std::string_view text);

[[nodiscard]] bool has_memmap_on_memory(const Scope& scope);
Result<void> show_memmap_on_memory(const Scope& scope, Text& out);
// memmap_on_memory_store() in drivers/dax/bus.c. Errors: EINVAL (no truth value), EOPNOTSUPP (true), EBUSY (kmem has a
// device that is to lose it).
Result<void> store_memmap_on_memory(const Scope& scope, std::string_view text);

} // namespace daxemu::sysfs
