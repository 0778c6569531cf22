// daxemu-sequences-diff: where two runs of the same sequences differ first. `--differing FILE` gets those sequences,
// each as far as its first difference, for the shrinker. Exit status: 0 if nothing differs but on purpose, 1 else, 2
// misuse.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/sequences/script.hpp"
#include "tests/sequences/tool/deliberate.hpp"

namespace {

using namespace sequences;

struct Options {
  std::string kernel;
  std::string emulator;
  std::string deliberate;
  std::string differing;
  std::string scope = "any";
  bool quiet = false;
};

bool parse(int count, char** words, Options& options) {
  std::vector<std::string> plain;
  for (int at = 1; at < count; ++at) {
    const std::string word = words[at];
    const bool more = at + 1 < count;
    if (word == "--quiet") {
      options.quiet = true;
    } else if (word == "--deliberate" && more) {
      options.deliberate = words[++at];
    } else if (word == "--differing" && more) {
      options.differing = words[++at];
    } else if (word == "--scope" && more) {
      options.scope = words[++at];
    } else {
      plain.push_back(word);
    }
  }
  if (plain.size() != 2 || plain[0].rfind("--", 0) == 0) {
    return false;
  }
  options.kernel = plain[0];
  options.emulator = plain[1];
  return true;
}

} // namespace

int main(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) {
    std::cerr << "usage: daxemu-sequences-diff [--deliberate FILE] [--scope KERNEL-REGION-ALIGN-BACKING-ENGINE]\n"
                 "         [--differing FILE] [--quiet] KERNEL EMULATOR\n";
    return 2;
  }
  const Deliberate deliberate(options.deliberate, options.scope);
  const auto kernel = read_sequences(options.kernel);
  std::map<std::string, Sequence> emulator;
  for (Sequence& one : read_sequences(options.emulator)) {
    emulator[one.name] = std::move(one);
  }
  std::ofstream differing;
  if (!options.differing.empty()) {
    differing.open(options.differing);
  }
  std::size_t different = 0;
  std::size_t excused = 0;
  std::map<std::string, std::size_t> kinds;
  for (const Sequence& said : kernel) {
    const auto other = emulator.find(said.name);
    static const Sequence nothing;
    const Difference found = first_difference(said, other == emulator.end() ? nothing : other->second, deliberate);
    excused += found.excused ? 1 : 0;
    if (!found.differs) {
      continue;
    }
    ++different;
    ++kinds[found.kind()];
    if (!options.quiet) {
      std::cout << "DIFFERENT " << said.name << " call " << found.index + 1 << ": " << found.call << "\n  kernel    "
                << found.kernel << "\n  emulator  " << found.emulator << '\n';
    }
    Sequence cut = said;
    cut.calls.resize(std::min(cut.calls.size(), found.index + 1));
    if (differing) {
      differing << text_of(cut, true);
    }
  }
  std::vector<std::pair<std::size_t, std::string>> order;
  for (const auto& [kind, times] : kinds) {
    order.emplace_back(times, kind);
  }
  std::sort(order.rbegin(), order.rend());
  for (const auto& [times, kind] : order) {
    std::cout << times << "\t" << kind << '\n';
  }
  std::cout << options.scope << ": " << kernel.size() << " sequences, " << kernel.size() - different << " equal, "
            << different << " different, " << excused << " with a deliberate difference\n";
  return different == 0 ? 0 : 1;
}
