#include "runtime/cli/terminal.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace daxemu::cli {

void complain(const Problem& problem) {
  fmt::print(stderr, "daxemu: {}; {}\n", problem.what, problem.remedy);
}
int refuse_with(const Refusal& refusal) {
  complain(refusal.problem);
  return refusal.exit_code;
}
void note(std::string_view text) {
  fmt::print(stderr, "daxemu: {}\n", text);
}

} // namespace daxemu::cli
