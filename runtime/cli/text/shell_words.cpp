#include "runtime/cli/text/shell_words.hpp"

namespace daxemu::cli {

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string out = "'";
  for (const char each : word) {
    out += each == '\'' ? "'\\''" : std::string(1, each);
  }
  return out + "'";
}

std::string shell_words(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) {
    out += (out.empty() ? "" : " ") + shell_word(word);
  }
  return out;
}

} // namespace daxemu::cli
