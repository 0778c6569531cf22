// The command line as text for people: what --help, manual pages and completions are made of, read from the parser
// itself so that none of them can say anything else than what it accepts.
#pragma once

#include <string>
#include <vector>

namespace daxemu::cli {

class Program;

// A flag or a positional argument.
struct ArgumentText {
  std::vector<std::string> names; // "--output", "-o"; of a positional argument its one name without dashes
  std::string value;              // what stands for its value: "FILE", "4K|2M|1G"; empty: it takes none
  std::string description;
  bool required = false;
  bool repeated = false; // may be given several times
};

struct VerbText {
  std::string name;
  std::string description;
  std::vector<ArgumentText> positionals;
  std::vector<ArgumentText> flags;
  bool takes_command = false; // behind "--"
};

// Every verb in the order of --help.
[[nodiscard]] std::vector<VerbText> verbs_of(Program& program);
[[nodiscard]] VerbText verb_of(Program& program, const std::string& name);

// The words that a value's text lists ("4K|2M|1G"), or none if it is a kind of thing ("FILE").
[[nodiscard]] std::vector<std::string> words_of(const std::string& value);

// "daxemu run [--size SIZE] ... -- COMMAND": without the flags, which "[flags]" stands for.
[[nodiscard]] std::string synopsis_of(const VerbText& verb);

} // namespace daxemu::cli
