// Is a huge page to be asked for just now? Where the kernel makes none, never again. Where the last ones took as long
// as small ones do (memory in pieces, or a host that lends it), not for a while, and a longer one each time that the
// next trial is slow, too: slow ones come in runs, and behind a run may be memory that costs a fifth.
#pragma once

namespace daxemu::fault {

class HugePageTrials {
public:
  // Counts as a turn.
  [[nodiscard]] bool is_due() {
    if (rest_ > 0) {
      --rest_;
      return false;
    }
    return !never_;
  }
  void note(bool made, bool slow) {
    never_ = never_ || !made;
    slow_ = slow ? slow_ + 1 : 0;
    if (!slow) {
      pause_ = kShortest;
    } else if (slow_ >= kMostSlow) {
      rest_ = pause_;
      pause_ = pause_ < kLongest ? 2 * pause_ : kLongest;
    }
  }

private:
  static constexpr unsigned kMostSlow = 2; // in a row: one may be chance, and each costs up to ten small ones
  static constexpr unsigned kShortest = 8; // extents without one
  static constexpr unsigned kLongest = 256;

  bool never_ = false;
  unsigned slow_ = 0;
  unsigned rest_ = 0;
  unsigned pause_ = kShortest;
};

} // namespace daxemu::fault
