// Which platforms there are, and which one a person means.
#pragma once

#include <string>
#include <vector>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cli {

// Stores of ephemeral platforms that run now: by processes named daxemu that hold a memory file named daxemu-store.
[[nodiscard]] std::vector<std::string> running_platforms();

// The stores of this user's platforms, running ones and named ones, until told to stop by `false`. What is gone
// meanwhile, or of another version, is left out: it could not be read.
void each_store(FunctionRef<bool(const store::Store&)> each);

// Everything that open_platform() can open, in the order of `daxemu list`: running ones, then this user's named ones;
// inside a platform (DAXEMU_PLATFORM) only that one, as for any program there.
[[nodiscard]] std::vector<std::string> visible_platforms();

// What to give to open_platform() for `wish`: a platform's name, a store's path, the pid of a process that lives in a
// platform or keeps one, or nothing: the only platform there is.
// Errors (Problem): ENOENT (none, or the process is in none), ENOTUNIQ (several; the remedy lists them).
[[nodiscard]] Outcome<std::string> find_platform(const std::string& wish);

} // namespace daxemu::cli
