// Reading and writing sysfs, as the families of the buses do.
#pragma once

#include <string>
#include <vector>

#include "tests/sequences/stage.hpp"

namespace sequences::tree {

// Writes as echo(1) would, without a newline: "ok", "ok=N" where less was taken, or the errno of open or write.
std::string put(const std::string& path, const std::string& value);
// What "=text" in a sequence means: the text, with \n for a newline.
std::string plain(const std::string& word);
// The words of a call from `first` on, with spaces between: a value may have some.
std::string rest(const Call& call, std::size_t first);
// What an attribute says, or the errno of asking it.
std::string text_in(const std::string& path);
// Sorted; those that begin with `prefix`.
std::vector<std::string> names_in(const std::string& folder, const std::string& prefix);
// Of where a link leads, its last part; "-" where there is none.
std::string last_part(const std::string& path);
// Opens a node, "map": and touches it, "stat": only asks for its mode.
std::string node(const Stage& stage, const std::string& path, const std::string& how);

} // namespace sequences::tree
