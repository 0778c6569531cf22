// From a path to the table entry that describes it.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

struct Found {
  NodeSpec spec;
  Scope scope;
};

class KnownPaths;

// With `known`, what was found before is not looked for again.
// Errors: ENOENT (below a directory that is emulated alone), EREMOTE (below one the real system has too), ENOTDIR,
// EINVAL (not absolute).
[[nodiscard]] Result<Found> resolve(const store::Store& store, std::string_view path, KnownPaths* known = nullptr);

// The same up to the first link on the way: `length` is that of the path there, all of it if there is none.
struct Reached {
  Found found;
  std::size_t length = 0;
};
[[nodiscard]] Result<Reached> reach(const store::Store& store, std::string_view path, KnownPaths* known = nullptr);

// Every visible entry of a directory, until told to stop.
using Entries = FunctionRef<bool(std::string_view, const NodeSpec&, const Scope&)>;
void each_entry(const Directory& directory, const Scope& scope, Entries entries);

} // namespace daxemu::sysfs
