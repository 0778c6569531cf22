// wordexp(3) matches patterns by the C library's own glob(3), which asks none of ours. So it is given the words without
// their patterns: what stands for any file is hidden behind bytes of no meaning, and what has become of the words
// is matched by the interposed glob.
#pragma once

#include <string>
#include <string_view>

#include <wordexp.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// Bytes that stand for what is a pattern where it is not quoted.
class HiddenPatterns {
public:
  // `text` with `*`, `?` and `[` hidden, but for those in quotes, behind a backslash, and in what is substituted ($(),
  // ``, ${}, $(()), $[]). Nothing is hidden() then if there are none, or no bytes to hide them behind.
  explicit HiddenPatterns(std::string_view text);

  [[nodiscard]] bool hidden() const { return hidden_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  // Of a word: has it hidden ones? As it was written; as a pattern of glob(3), in which all else means itself.
  [[nodiscard]] bool are_in(std::string_view word) const;
  [[nodiscard]] std::string shown(std::string_view word) const;
  [[nodiscard]] std::string pattern(std::string_view word) const;

private:
  std::string text_;
  std::string bytes_;
  bool hidden_ = false;
};

// `real` asks libc with the words that it is given.
int expand_words(const char* words, wordexp_t* into, int flags, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
