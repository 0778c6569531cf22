// Numbers from a seed, the same on every machine and with every C++ library: splitmix64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sequences {

class Random {
public:
  // The seed is mixed first: neighbours would else have the same numbers, one place on.
  explicit Random(std::uint64_t seed) : state_(seed) { state_ = next() ^ seed << 32U; }

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ mixed >> 30U) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 27U) * 0x94d049bb133111ebULL;
    return mixed ^ mixed >> 31U;
  }
  // 0 to `count` - 1.
  std::uint64_t below(std::uint64_t count) { return next() % count; }
  // True in `percent` of 100 cases.
  bool chance(unsigned percent) { return below(100) < percent; }

private:
  std::uint64_t state_;
};

// One word of several, each as often as its weight says.
struct Weighted {
  const char* word;
  unsigned weight;
};

template <std::size_t Count>
const char* pick(Random& random, const Weighted (&table)[Count]) {
  unsigned total = 0;
  for (const Weighted& one : table) {
    total += one.weight;
  }
  std::uint64_t left = random.below(total);
  for (const Weighted& one : table) {
    if (left < one.weight) {
      return one.word;
    }
    left -= one.weight;
  }
  return table[0].word;
}

} // namespace sequences
