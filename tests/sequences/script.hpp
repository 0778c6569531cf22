// A sequence as text: one call a line, its name first, then its words. What ran has " => OUTCOME" behind each call.
//
//   sequence 17
//   map 2A 1A rw shared,fixed dev 0 => ok
//   protect 2A+H H r => errno=EINVAL
//   end
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sequences {

struct Call {
  std::string name;
  std::vector<std::string> words; // its arguments
  std::string outcome;            // empty where it has not run

  [[nodiscard]] std::string text() const; // without the outcome
  [[nodiscard]] const std::string& word(std::size_t index) const;
};

struct Sequence {
  std::string name;
  std::vector<std::string> notes; // "# ..." lines ahead of it
  std::vector<Call> calls;
  std::string ending; // how the process ended, where it did otherwise than by itself
};

Call parse_call(const std::string& line);
// All sequences of a file. Lines that are none of theirs are passed over.
std::vector<Sequence> read_sequences(const std::string& path);
std::string text_of(const Sequence& sequence, bool with_outcomes);

} // namespace sequences
