// Completion scripts for shells, made from the command line's own words. What lives only at run time (platforms,
// devices) they ask of `daxemu completion --names`.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/pages/verb_text.hpp"

namespace daxemu::cli {

[[nodiscard]] std::string bash_completion(const std::vector<VerbText>& verbs);
[[nodiscard]] std::string zsh_completion(const std::vector<VerbText>& verbs);
[[nodiscard]] std::string fish_completion(const std::vector<VerbText>& verbs);

} // namespace daxemu::cli
