// Where two runs of a sequence differ first, and which differences are on purpose.
#pragma once

#include <string>
#include <vector>

#include "tests/sequences/script.hpp"

namespace sequences {

// Lines of deliberate.tsv: CALL-GLOB, SCOPE-GLOB, KERNEL-GLOB, EMULATOR-GLOB, REASON, with tabs between. The scope is
// KERNEL-REGION-ALIGN-BACKING-ENGINE. A difference that is on purpose ends the comparison of its sequence, unless its
// call only looks: what follows it follows from it.
class Deliberate {
public:
  // An empty path: none.
  Deliberate(const std::string& path, const std::string& scope);
  [[nodiscard]] bool excuses(const std::string& call, const std::string& kernel, const std::string& emulator) const;

private:
  struct Line {
    std::string call;
    std::string kernel;
    std::string emulator;
  };
  std::vector<Line> lines_;
};

struct Difference {
  bool differs = false;
  bool excused = false;
  std::size_t index = 0; // of the call; behind the last one where the ends differ
  std::string call;
  std::string kernel;
  std::string emulator;

  // "protect: errno=EINVAL -> ok": differences of one kind mostly have one cause.
  [[nodiscard]] std::string kind() const;
};

Difference first_difference(const Sequence& kernel, const Sequence& emulator, const Deliberate& deliberate);

} // namespace sequences
