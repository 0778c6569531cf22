// A family of calls: how its sequences are made, and how its calls are played. Families mix: a sequence asks each of
// those it was made of for the next call.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/sequences/random.hpp"
#include "tests/sequences/script.hpp"
#include "tests/sequences/stage.hpp"

namespace sequences {

// What a generator may know: never the device, for one text has to serve several.
struct Making {
  Random& random;
  std::vector<Call>& calls;
  bool large = false; // extents of 1G: nothing may fill a whole one
  unsigned marks = 0; // values that were stored so far

  void add(std::string name, std::vector<std::string> words) {
    calls.push_back({std::move(name), std::move(words), {}});
  }
};

struct Family {
  const char* name;
  void (*add_call)(Making& making);                                   // the next call of a sequence
  void (*add_state)(Making& making, bool all);                        // calls that only look; `all`: at the end
  std::optional<std::string> (*play)(Stage& stage, const Call& call); // nothing: a call of another family
};

extern const Family memory_family;

inline const std::vector<Family>& families() {
  static const std::vector<Family> all = {memory_family};
  return all;
}

} // namespace sequences
