// What a command printed, and the first lines in which that differs from what another printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emu/base/result.hpp"

struct re_pattern_buffer; // regex.h's regex_t

namespace daxemu::cli {

// One stream of a command, as far as it was kept.
struct Output {
  std::string text;
  bool whole = true; // or is it but the beginning?
};

struct Outputs {
  Output out;
  Output error;
};

// Lines that nobody wants compared: those in which one of some regular expressions is found (as grep -E finds it).
class IgnoredLines {
public:
  IgnoredLines() = default;
  // Errors (Problem, EINVAL): not an extended regular expression; names `flag`, it and what regcomp(3) says.
  [[nodiscard]] static Outcome<IgnoredLines> of(std::string_view flag, const std::vector<std::string>& expressions);
  IgnoredLines(IgnoredLines&&) noexcept;
  IgnoredLines& operator=(IgnoredLines&&) noexcept;
  IgnoredLines(const IgnoredLines&) = delete;
  IgnoredLines& operator=(const IgnoredLines&) = delete;
  ~IgnoredLines();

  [[nodiscard]] bool matches(std::string_view line) const;

private:
  std::vector<re_pattern_buffer*> expressions_;
};

// A line of a stream; none where the stream has ended.
struct NumberedLine {
  std::uint64_t number = 0; // from 1, ignored ones counted
  std::optional<std::string> text;
};

struct Difference {
  const char* stream = "stdout"; // or "stderr"
  NumberedLine first;            // what the first command printed
  NumberedLine here;             // what this one printed
};

// The first of each stream; standard output before standard error. A last line without an end differs from the same one
// with it by nothing.
[[nodiscard]] std::vector<Difference> first_differences(const Outputs& first, const Outputs& here,
                                                        const IgnoredLines& ignored);

} // namespace daxemu::cli
