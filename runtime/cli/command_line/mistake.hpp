// A mistake on the command line in daxemu's words: names the word that is wrong and the nearest right one.
#pragma once

#include <string>
#include <vector>

#include "emu/base/result.hpp"

namespace CLI {
class App;
class ParseError;
} // namespace CLI

namespace daxemu::cli {

// What a check of CLI11 says of a value without letters, for mistake_of().
inline constexpr char kEmptyValue[] = "empty";

// What `error` means to a person who typed `words` (those before "--", in order). `app` is the one that parsed them.
[[nodiscard]] Problem mistake_of(const CLI::App& app, const CLI::ParseError& error,
                                 const std::vector<std::string>& words);

} // namespace daxemu::cli
