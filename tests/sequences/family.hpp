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

// One way to make a call, as often as its weight says.
struct Choice {
  void (*make)(Making& making);
  unsigned weight;
};

template <std::size_t Count>
void choose(Making& making, const Choice (&table)[Count]) {
  unsigned total = 0;
  for (const Choice& one : table) {
    total += one.weight;
  }
  std::uint64_t left = making.random.below(total);
  for (const Choice& one : table) {
    if (left < one.weight) {
      one.make(making);
      return;
    }
    left -= one.weight;
  }
}

struct Family {
  const char* name;
  void (*add_call)(Making& making);                                   // the next call of a sequence
  void (*add_state)(Making& making, bool all);                        // calls that only look; `all`: at the end
  std::optional<std::string> (*play)(Stage& stage, const Call& call); // nothing: a call of another family
};

const std::vector<Family>& families();

// Plays a call of whatever family.
std::string outcome_of(Stage& stage, const Call& call);

} // namespace sequences
