// What manual pages and --help say beyond the flags' own words: a row per verb, and what the command as a whole reads.
#pragma once

#include <span>
#include <string_view>

namespace daxemu::cli {

struct VerbManual {
  std::string_view verb;
  std::string_view text;     // paragraphs, separated by an empty line
  std::string_view examples; // a command per line
};
[[nodiscard]] std::span<const VerbManual> verb_manuals();
// The row of that verb; nullptr: none.
[[nodiscard]] const VerbManual* manual_of(std::string_view verb);

// What the command as a whole knows: environment variables, exit codes, files.
struct Term {
  std::string_view name;
  std::string_view text;
};
[[nodiscard]] std::span<const Term> environment_terms();
[[nodiscard]] std::span<const Term> exit_terms();
[[nodiscard]] std::span<const Term> file_terms();

} // namespace daxemu::cli
