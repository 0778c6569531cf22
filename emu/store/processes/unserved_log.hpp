// Programs that were started in the platform and could not see its devices, because no library can be preloaded into
// them or sees their calls: noted by whoever starts one, told by `daxemu run` at its end (in between nothing may be
// printed).
#pragma once

#include <string_view>

#include "emu/base/function_ref.hpp"
#include "emu/store/store.hpp"

namespace daxemu::store {

// Counts a start of the program at `path`. Lock-free, no allocation.
void note_unserved(const Store& store, std::string_view path, Unserved why) noexcept;

// Starts so far, of all programs.
[[nodiscard]] std::uint64_t unserved_starts(const Store& store) noexcept;

// The programs known by name, in the order in which they were first started.
void each_unserved(const Store& store, FunctionRef<void(const UnservedRecord&)> each);

} // namespace daxemu::store
