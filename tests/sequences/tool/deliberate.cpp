#include "tests/sequences/tool/deliberate.hpp"

#include <fstream>
#include <sstream>

#include <fnmatch.h>

namespace sequences {
namespace {

bool matches(const std::string& glob, const std::string& text) {
  return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0;
}

// What a kind is told by: the first words of an outcome, nothing of what is where.
std::string brief(const std::string& call, const std::string& outcome) {
  if (call == "maps" || call == "core" || call == "bytes" || call == "fork") {
    return "...";
  }
  if (outcome.rfind("errno=", 0) == 0 || outcome.rfind("SIG", 0) == 0) {
    return outcome.substr(0, outcome.find(" addr"));
  }
  return outcome.substr(0, outcome.find('=')).empty() ? "value"
         : outcome.find('A') != std::string::npos     ? "place"
                                                      : outcome;
}

} // namespace

Deliberate::Deliberate(const std::string& path, const std::string& scope) {
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    std::istringstream fields(text);
    std::string call;
    std::string where;
    std::string kernel;
    std::string emulator;
    if (text.empty() || text[0] == '#' || !std::getline(fields, call, '\t') || !std::getline(fields, where, '\t') ||
        !std::getline(fields, kernel, '\t') || !std::getline(fields, emulator, '\t') || !matches(where, scope)) {
      continue;
    }
    lines_.push_back({call, kernel, emulator});
  }
}

bool Deliberate::excuses(const std::string& call, const std::string& kernel, const std::string& emulator) const {
  for (const Line& line : lines_) {
    if (matches(line.call, call) && matches(line.kernel, kernel) && matches(line.emulator, emulator)) {
      return true;
    }
  }
  return false;
}

std::string Difference::kind() const {
  const std::string name = call.substr(0, call.find(' '));
  std::string of = name;
  if (name == "advise" || name == "remap" || name == "sync") {
    std::istringstream words(call);
    std::vector<std::string> all;
    for (std::string one; words >> one;) {
      all.push_back(one);
    }
    of += " " + (name == "remap" && all.size() > 4 ? all[4] : all.back());
  }
  return of + ": " + brief(name, kernel) + " -> " + brief(name, emulator);
}

namespace {

// Changes nothing: a difference that is on purpose has no consequences.
bool only_looks(const Call& call) {
  const std::string& name = call.name == "in" ? call.word(1) : call.name;
  return name == "maps" || name == "core" || name == "descriptors" || name == "bus" || name == "cxl";
}

} // namespace

Difference first_difference(const Sequence& kernel, const Sequence& emulator, const Deliberate& deliberate) {
  Difference found;
  for (std::size_t at = 0; at < kernel.calls.size() || at < emulator.calls.size(); ++at) {
    static const Call nothing{"nothing", {}, "nothing"};
    const Call& left = at < kernel.calls.size() ? kernel.calls[at] : nothing;
    const Call& right = at < emulator.calls.size() ? emulator.calls[at] : nothing;
    if (left.text() == right.text() && left.outcome == right.outcome) {
      continue;
    }
    found.index = at;
    found.call = at < kernel.calls.size() ? left.text() : right.text();
    found.kernel = left.outcome + (at < kernel.calls.size() ? "" : " (" + kernel.ending + ")");
    found.emulator = right.outcome + (at < emulator.calls.size() ? "" : " (" + emulator.ending + ")");
    found.excused = deliberate.excuses(found.call, found.kernel, found.emulator);
    found.differs = !found.excused;
    if (found.differs || !only_looks(left)) {
      return found;
    }
  }
  if (kernel.ending != emulator.ending) {
    found.index = kernel.calls.size();
    found.call = "end";
    found.kernel = kernel.ending;
    found.emulator = emulator.ending;
    found.excused = deliberate.excuses(found.call, found.kernel, found.emulator);
    found.differs = !found.excused;
  }
  return found;
}

} // namespace sequences
