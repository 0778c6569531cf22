// A command as one would type it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daxemu::cli {

// In quotes, if a shell would not take it as one word as it is.
[[nodiscard]] std::string shell_word(std::string_view word);
[[nodiscard]] std::string shell_words(const std::vector<std::string>& command);

} // namespace daxemu::cli
