#include "tests/sequences/generate.hpp"

#include <cstdlib>
#include <iostream>

#include "tests/sequences/family.hpp"

namespace sequences {
namespace {

constexpr std::size_t kLookEvery = 4; // calls

std::vector<Family> chosen(const std::string& names) {
  std::vector<Family> found;
  std::size_t known = 0;
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t comma = std::min(names.find(',', at), names.size());
    const std::string name = names.substr(at, comma - at);
    for (const Family& family : families()) {
      if (name == family.name) {
        found.push_back(family);
      }
    }
    if (found.size() != ++known) {
      std::cerr << "daxemu-sequences: no family '" << name << "'\n";
      std::exit(2);
    }
    at = comma + 1;
  }
  return found;
}

} // namespace

Sequence generate(const std::string& names, std::uint64_t seed, unsigned calls, bool large) {
  const std::vector<Family> mixed = chosen(names);
  Sequence sequence;
  sequence.name = std::to_string(seed);
  Random random(seed);
  Making making{random, sequence.calls, large};
  for (unsigned made = 0; made < calls; ++made) {
    mixed[random.below(mixed.size())].add_call(making);
    if ((made + 1) % kLookEvery == 0) {
      for (const Family& family : mixed) {
        family.add_state(making, false);
      }
    }
  }
  for (const Family& family : mixed) {
    family.add_state(making, true);
  }
  return sequence;
}

} // namespace sequences
