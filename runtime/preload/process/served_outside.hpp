// Programs that load no library (static, Go) are started by way of `daxemu`, which has their system calls answered from
// outside (runtime/supervise) and then becomes them, in the same process.
#pragma once

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// Set by `daxemu run --intercept auto`: the file of daxemu itself.
inline constexpr const char* kEnterVariable = "DAXEMU_ENTER";
// The word that it takes for this.
inline constexpr const char* kEnterWord = "enter-command";

// Starts the file at `path` from `dirfd`, or daxemu in its place, by `real(path, arguments)`; what can be served in
// neither way is noted in the store. `environment` is what it gets. Allocates on the stack only: the caller may be a
// vforked child.
int start_served(int dirfd, const char* path, char* const* arguments, char* const* environment,
                 FunctionRef<int(const char*, char* const*)> real) noexcept;
// The same of a name that execvp(3) looks for in PATH; `real` is what searches.
int start_served_in_path(const char* file, char* const* arguments, char* const* environment,
                         FunctionRef<int(const char*, char* const*)> direct, FunctionRef<int()> real) noexcept;

} // namespace daxemu::preload
