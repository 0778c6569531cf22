#include "tests/sequences/script.hpp"

#include <fstream>
#include <iostream>
#include <sstream>

namespace sequences {
namespace {

constexpr const char* kArrow = " => ";

bool starts(const std::string& line, const char* with) {
  return line.rfind(with, 0) == 0;
}

void read_from(std::istream& from, std::vector<Sequence>& into) {
  std::vector<std::string> notes;
  bool inside = false;
  for (std::string line; std::getline(from, line);) {
    if (starts(line, "#")) {
      notes.push_back(line);
    } else if (starts(line, "sequence ")) {
      into.push_back({line.substr(9), std::move(notes), {}, {}});
      notes.clear();
      inside = true;
    } else if (starts(line, "end")) {
      if (inside) {
        into.back().ending = line.size() > 4 ? line.substr(4) : std::string();
      }
      inside = false;
    } else if (inside && !line.empty()) {
      into.back().calls.push_back(parse_call(line));
    }
  }
}

} // namespace

std::string Call::text() const {
  std::string line = name;
  for (const std::string& one : words) {
    line += ' ' + one;
  }
  return line;
}

const std::string& Call::word(std::size_t index) const {
  static const std::string none;
  return index < words.size() ? words[index] : none;
}

Call parse_call(const std::string& line) {
  Call call;
  const std::size_t arrow = line.find(kArrow);
  std::istringstream words(line.substr(0, arrow));
  words >> call.name;
  for (std::string one; words >> one;) {
    call.words.push_back(one);
  }
  if (arrow != std::string::npos) {
    call.outcome = line.substr(arrow + 4);
  }
  return call;
}

std::vector<Sequence> read_sequences(const std::string& path) {
  std::vector<Sequence> found;
  if (path == "-") {
    read_from(std::cin, found);
  } else {
    std::ifstream file(path);
    if (!file) {
      std::cerr << path << ": cannot be read\n";
      std::exit(2);
    }
    read_from(file, found);
  }
  return found;
}

std::string text_of(const Sequence& sequence, bool with_outcomes) {
  std::string text;
  for (const std::string& note : sequence.notes) {
    text += note + '\n';
  }
  text += "sequence " + sequence.name + '\n';
  for (const Call& call : sequence.calls) {
    text += call.text();
    if (with_outcomes && !call.outcome.empty()) {
      text += kArrow + call.outcome;
    }
    text += '\n';
  }
  text += "end";
  if (with_outcomes && !sequence.ending.empty()) {
    text += ' ' + sequence.ending;
  }
  return text + '\n';
}

} // namespace sequences
