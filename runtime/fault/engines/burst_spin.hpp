// Looking again before going to sleep, while faults come in bursts: waking a sleeping thread costs more than serving a
// fault. A few looks in vain end it; a program whose faults are far apart then costs one trial in many wake-ups, and
// one without faults nothing. With one CPU it is of no use: the program needs it to fault again.
#pragma once

namespace daxemu::fault {

class BurstSpin {
public:
  explicit BurstSpin(bool other_cpus) : other_cpus_(other_cpus) {}

  // A fault was there.
  void found() {
    vain_ = looks_ > 0 && !slept_ ? 0 : vain_;
    sleeps_ += slept_ ? 1 : 0;
    slept_ = false;
    looks_ = 0;
  }
  // None is there. True: look again at once. False: sleep.
  [[nodiscard]] bool again() {
    if (other_cpus_ && !slept_ && looks_ < kMostLooks && (vain_ < kMostVain || sleeps_ % kTrialEvery == 0)) {
      ++looks_;
      return true;
    }
    vain_ += !slept_ && looks_ > 0 && vain_ < kMostVain ? 1 : 0;
    slept_ = true;
    return false;
  }

private:
  static constexpr unsigned kMostLooks = 64; // system calls: some 20 microseconds, which a wake-up costs
  static constexpr unsigned kMostVain = 4;
  static constexpr unsigned kTrialEvery = 32; // wake-ups

  bool other_cpus_;
  bool slept_ = true;  // since the last fault
  unsigned looks_ = 0; // since the last fault
  unsigned vain_ = 0;  // spells of looking that ended in sleep, in a row
  unsigned sleeps_ = 0;
};

} // namespace daxemu::fault
