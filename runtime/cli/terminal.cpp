#include "runtime/cli/terminal.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

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

bool colour_wanted(int fd) {
  const char* no = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no == nullptr || *no == '\0') && ::isatty(fd) == 1 && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

} // namespace daxemu::cli
