// daxemu-sequences-shrink: cuts differing sequences shorter, round by round. A round proposes candidates for all of
// them at once, because each question to a kernel costs the start of a guest.
//
//   shrink propose STATE >CANDIDATES        sequences with a stretch of calls left out
//   shrink choose STATE KERNEL EMULATOR     the shortest candidate that still differs takes its sequence's place; exit
//                                           status 1 when nothing is left to try
//   shrink show STATE...                    a C program of each sequence
//
// STATE holds sequences with a note "# stretch N": how many calls the next candidates leave out.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "tests/sequences/script.hpp"
#include "tests/sequences/tool/deliberate.hpp"
#include "tests/sequences/tool/program.hpp"

namespace {

using namespace sequences;

constexpr const char* kStretch = "# stretch ";

std::size_t stretch_of(const Sequence& sequence) {
  for (const std::string& note : sequence.notes) {
    if (note.rfind(kStretch, 0) == 0) {
      return std::strtoul(note.c_str() + 10, nullptr, 10);
    }
  }
  return std::max<std::size_t>(1, sequence.calls.size() / 2);
}

void set_stretch(Sequence& sequence, std::size_t stretch) {
  std::erase_if(sequence.notes, [](const std::string& note) { return note.rfind(kStretch, 0) == 0; });
  sequence.notes.push_back(kStretch + std::to_string(stretch));
}

// The last call is where it differs: it stays.
Sequence without(const Sequence& sequence, std::size_t begin, std::size_t count) {
  Sequence shorter;
  shorter.name = sequence.name + "/" + std::to_string(begin) + "-" + std::to_string(count);
  for (std::size_t at = 0; at < sequence.calls.size(); ++at) {
    if (at < begin || at >= begin + count) {
      shorter.calls.push_back(sequence.calls[at]);
    }
  }
  return shorter;
}

// Stretches of the state's length, and besides all shorter lengths where few calls are left: a round is dear.
std::vector<Sequence> candidates_of(const Sequence& sequence) {
  std::vector<Sequence> candidates;
  const std::size_t last = sequence.calls.size() - 1;
  const std::size_t longest = stretch_of(sequence);
  for (std::size_t stretch = longest; stretch > 0; stretch /= 2) {
    for (std::size_t begin = 0; begin < last; begin += stretch) {
      candidates.push_back(without(sequence, begin, std::min(stretch, last - begin)));
    }
  }
  return candidates;
}

int propose(const std::string& state) {
  for (const Sequence& sequence : read_sequences(state)) {
    if (stretch_of(sequence) == 0) {
      continue;
    }
    for (const Sequence& candidate : candidates_of(sequence)) {
      std::cout << text_of(candidate, false);
    }
  }
  return 0;
}

// Every stretch of one length that can go by itself: most often they can go together, which the next round finds out.
int choose(const std::string& state, const std::string& kernel_file, const std::string& emulator_file) {
  const Deliberate none({}, {});
  std::map<std::string, Sequence> kernel;
  std::map<std::string, Sequence> emulator;
  for (Sequence& one : read_sequences(kernel_file)) {
    kernel[one.name] = std::move(one);
  }
  for (Sequence& one : read_sequences(emulator_file)) {
    emulator[one.name] = std::move(one);
  }
  auto sequences = read_sequences(state);
  bool more = false;
  for (Sequence& sequence : sequences) {
    const std::size_t stretch = stretch_of(sequence);
    if (stretch == 0) {
      continue;
    }
    const Sequence* best = nullptr;
    std::size_t length = sequence.calls.size();
    for (const Sequence& candidate : candidates_of(sequence)) {
      if (kernel.count(candidate.name) == 0) {
        continue;
      }
      const Difference found = first_difference(kernel[candidate.name], emulator[candidate.name], none);
      if (found.differs && std::min(found.index + 1, candidate.calls.size()) < length) {
        length = std::min(found.index + 1, candidate.calls.size());
        best = &kernel[candidate.name];
      }
    }
    if (best != nullptr) {
      sequence.calls = best->calls;
      sequence.calls.resize(length);
      set_stretch(sequence, std::max<std::size_t>(1, std::min(stretch, length / 2)));
      more = more || length > 1;
    } else {
      set_stretch(sequence, 0);
    }
  }
  std::ofstream out(state);
  for (const Sequence& sequence : sequences) {
    out << text_of(sequence, true);
  }
  return more ? 0 : 1;
}

} // namespace

int main(int count, char** words) {
  const std::string verb = count > 1 ? words[1] : "";
  if (verb == "propose" && count == 3) {
    return propose(words[2]);
  }
  if (verb == "choose" && count == 5) {
    return choose(words[2], words[3], words[4]);
  }
  if (verb == "show" && count == 3) {
    for (const Sequence& sequence : read_sequences(words[2])) {
      std::cout << program_of(sequence);
    }
    return 0;
  }
  std::cerr << "usage: daxemu-sequences-shrink propose STATE | choose STATE KERNEL EMULATOR | show STATE\n";
  return 2;
}
