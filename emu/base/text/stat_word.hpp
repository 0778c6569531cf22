// The words of /proc/PID/stat (do_task_stat(), proc(5)).
#pragma once

#include <cstddef>
#include <string_view>

namespace daxemu {

// The word of that number, as proc(5) counts them, from 3 (the state); empty if there is none. The command's name (2)
// is in brackets and may hold anything, brackets and line ends too: words are counted from the last one.
[[nodiscard]] inline std::string_view stat_word(std::string_view stat, int number) noexcept {
  constexpr std::string_view kBetween = " \n";
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) {
    return {};
  }
  std::string_view rest = stat.substr(name_end + 1);
  for (int at = 3;; ++at) {
    const std::size_t begin = rest.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) {
      return {};
    }
    rest.remove_prefix(begin);
    const std::string_view word = rest.substr(0, rest.find_first_of(kBetween));
    if (at == number) {
      return word;
    }
    rest.remove_prefix(word.size());
  }
}

} // namespace daxemu
