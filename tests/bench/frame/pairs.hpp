// Measures contenders in turns: A B, B A, A B ... so that what the machine does from second to second meets both, and a
// ratio is made of two measurements that stand side by side. Writes JSON as Google Benchmark does, one entry for each
// turn, in order: table.cpp divides the n-th of one contender by the n-th of another.
//   --pairs N     rounds (a group may want more)      --out FILE    the JSON; without it only the medians are printed
//   --only TEXT    the groups that have a contender of whose name it is a part
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace daxemu::bench {

// What a turn gave.
struct Turn {
  double time = 0; // in the group's unit
  std::map<std::string, double> counters;
  std::string failed; // why it cannot be measured here; such a contender has no further turn
};

struct Contender {
  std::string name;
  std::function<Turn()> turn;
};

class Pairs {
public:
  static constexpr int kLeast = 15;

  // Takes what it knows out of the arguments; what is left in argv is the program's own.
  Pairs(int& argc, char** argv);

  // Measured when run() comes to it, in the order in which they are added. `times`: rounds for each that was asked for.
  // `ready`: before the first turn, `done`: after the last one.
  struct Group {
    std::string unit; // as Google Benchmark has it: ns, us, ms, s
    std::vector<Contender> contenders;
    int times = 1;
    std::function<void()> ready = {};
    std::function<void()> done = {};
  };
  void add(Group group) { groups_.push_back(std::move(group)); }

  // An exit status: 2 if the file cannot be written.
  [[nodiscard]] int run();

private:
  struct Row {
    std::string name;
    std::string unit;
    int round;
    Turn turn;
  };
  void measure(const Group& group);
  [[nodiscard]] bool write() const;

  int pairs_ = kLeast;
  std::string out_;
  std::string only_;
  std::vector<Group> groups_;
  std::vector<Row> rows_;
};

} // namespace daxemu::bench
