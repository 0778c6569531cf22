// What a program pays before its main(): `true` as it is, with an empty library preloaded, and with daxemu's on a
// platform, started by this plain process each time, so that only what is in the program differs.
//   daxemu-bench-start [--pairs N] [--out FILE] [--only TEXT]
//   daxemu-bench-start --environment      the variables of a program under daxemu, one a line, until its input ends
#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "tests/bench/frame/pairs.hpp"
#include "tests/bench/frame/program.hpp"
#include "tests/bench/twin.hpp"

namespace {

using daxemu::bench::run_program;
using daxemu::bench::Took;
using daxemu::bench::Turn;

constexpr int kStarts = 10; // in a turn
constexpr int kTimes = 4;

// Of a program under daxemu: LD_PRELOAD and DAXEMU_*, lines. One write to a pipe is whole up to 4096 bytes.
struct Variables {
  std::array<char, 4000> lines{};
};

bool is_ours(std::string_view variable) {
  return variable.starts_with("LD_PRELOAD=") || variable.starts_with("DAXEMU_");
}

std::string variables() {
  std::string lines;
  for (char** one = environ; *one != nullptr; ++one) {
    lines += is_ours(*one) ? std::string(*one) + "\n" : "";
  }
  return lines;
}

Variables of_the_twin(std::size_t /*number*/) {
  Variables found;
  std::strncpy(found.lines.data(), variables().c_str(), found.lines.size() - 1);
  return found;
}

// This process's environment, but for what is ours, and `lines`.
class Environment {
public:
  explicit Environment(const std::string& lines) {
    for (char** one = environ; *one != nullptr; ++one) {
      if (!is_ours(*one)) {
        texts_.emplace_back(*one);
      }
    }
    for (std::size_t from = 0, at = 0; (at = lines.find('\n', from)) != std::string::npos; from = at + 1) {
      texts_.push_back(lines.substr(from, at - from));
    }
    for (std::string& text : texts_) {
      all_.push_back(text.data());
    }
    all_.push_back(nullptr);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  char** get() { return all_.data(); }

private:
  std::vector<std::string> texts_;
  std::vector<char*> all_;
};

Turn starts(Environment& environment) {
  Took sum{0, 0, 0};
  for (int at = 0; at < kStarts; ++at) {
    const Took one = run_program({"/bin/true"}, environment.get());
    if (one.seconds < 0) {
      return {0, {}, "/bin/true cannot be run"};
    }
    sum.seconds += one.seconds;
    sum.cpu += one.cpu;
    sum.faults += one.faults;
  }
  return {sum.seconds * 1e6 / kStarts, {{"cpu_us", sum.cpu * 1e6 / kStarts}, {"faults", sum.faults / kStarts}}, ""};
}

} // namespace

int main(int argc, char** argv) {
  daxemu::bench::Pairs pairs(argc, argv);
  const std::string_view word = argc == 2 ? argv[1] : "";
  if (word == "--twin") {
    return daxemu::bench::be_twin<Variables>(of_the_twin);
  }
  if (word == "--environment") {
    std::fputs(variables().c_str(), stdout);
    std::fclose(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) == 1) {
    }
    return 0;
  }
  const daxemu::bench::Twin<Variables> twin(std::vector<std::string>{});
  Variables of_daxemu;
  if (!twin.turn(0, of_daxemu) || std::strstr(of_daxemu.lines.data(), "LD_PRELOAD=") == nullptr) {
    std::fputs("daxemu-bench-start: no program can be run under daxemu here\n", stderr);
    return 1;
  }
  Environment plain("");
  Environment empty("LD_PRELOAD=" + daxemu::bench::empty_library() + "\n");
  Environment ours(of_daxemu.lines.data());
  pairs.add({"us",
             {{"start/plain", [&] { return starts(plain); }},
              {"start/empty", [&] { return starts(empty); }},
              {"start/daxemu", [&] { return starts(ours); }}},
             kTimes});
  return pairs.run();
}
