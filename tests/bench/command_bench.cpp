// Whole programs that never touch a device: plain, and by a twin of this process under daxemu, in turns.
//   daxemu-bench-command FOLDER [--pairs N] [--out FILE] [--only TEXT]
// FOLDER: a git work tree to look through, with a small C program in small-project (python-free-scripts/bench).
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include "tests/bench/frame/pairs.hpp"
#include "tests/bench/frame/program.hpp"
#include "tests/bench/twin.hpp"

namespace {

using daxemu::bench::Pairs;
using daxemu::bench::run_program;
using daxemu::bench::Took;
using daxemu::bench::Turn;

struct Command {
  const char* name;
  int times; // the pairs that were asked for: short ones are had more often
  std::vector<std::string> words;
  bool starts = false; // many programs, so that it is shown what any preloaded library takes
};
const std::array kCommands = {
    Command{"true", 8, {"true"}},
    // Programs one after the other, as a shell script or a test suite starts them.
    Command{"true_1000", 1, {"sh", "-c", "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done"}, true},
    Command{"find", 2, {"find", ".", "/usr/share", "-name", "*.none"}},
    Command{"git_status", 8, {"git", "status", "--short"}},
    Command{"make", 2, {"make", "-s", "-B", "-j2", "-C", "small-project"}, true},
    Command{"fio_threads",
            1,
            {"fio", "--name=threads", "--filename=fio.tmp", "--size=32M", "--rw=randrw", "--bs=4k", "--ioengine=psync",
             "--thread", "--numjobs=2", "--io_size=64M", "--minimal", "--fsync_on_close=0"}}};

Turn turn_of(std::size_t number, const Took& took) {
  if (took.seconds < 0) {
    return {0, {}, kCommands[number].words[0] + " cannot be run here, or failed"};
  }
  return {took.seconds * 1e3, {{"cpu_us", took.cpu * 1e6}, {"faults", took.faults}}, ""};
}

Took run(std::size_t number) {
  return run_program(kCommands[number].words);
}

// With an empty library preloaded.
Took run_with_empty(std::size_t number) {
  static std::string preload = "LD_PRELOAD=" + daxemu::bench::empty_library();
  static std::vector<char*> variables = [] {
    std::vector<char*> list{preload.data()};
    for (char** one = environ; *one != nullptr; ++one) {
      if (!std::string_view(*one).starts_with("LD_PRELOAD=")) {
        list.push_back(*one);
      }
    }
    list.push_back(nullptr);
    return list;
  }();
  return run_program(kCommands[number].words, variables.data());
}

Took run_in_twin(std::size_t number) {
  static const daxemu::bench::Twin<Took> twin({"."});
  Took took;
  return twin.turn(number, took) ? took : Took{};
}

} // namespace

int main(int argc, char** argv) {
  daxemu::bench::Pairs pairs(argc, argv);
  if (argc < 2 || ::chdir(argv[1]) != 0) {
    std::fputs("daxemu-bench-command: the first argument is a git work tree to look through\n", stderr);
    return 2;
  }
  if (argc == 3 && std::string_view(argv[2]) == "--twin") {
    return daxemu::bench::be_twin<Took>(run);
  }
  for (std::size_t at = 0; at < kCommands.size(); ++at) {
    const std::string name = std::string("command/") + kCommands[at].name;
    Pairs::Group group{"ms",
                       {{name + "/plain", [at] { return turn_of(at, run(at)); }},
                        {name + "/daxemu", [at] { return turn_of(at, run_in_twin(at)); }}},
                       kCommands[at].times};
    if (kCommands[at].starts) {
      group.contenders.push_back({name + "/empty", [at] { return turn_of(at, run_with_empty(at)); }});
    }
    pairs.add(std::move(group));
  }
  return pairs.run();
}
