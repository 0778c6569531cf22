#include "runtime/cli/text/terminal.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include "runtime/cli/text/one_line.hpp"

namespace daxemu::cli {

void say(std::string_view text) noexcept {
  (void)std::fwrite(text.data(), 1, text.size(), stderr); // fmt::print() would throw
}
void complain(const Problem& problem) {
  say(fmt::format("daxemu: {}; {}\n", on_one_line(problem.what), on_one_line(problem.remedy)));
}
int refuse_with(const Refusal& refusal) {
  complain(refusal.problem);
  return refusal.exit_code;
}
void note(std::string_view text) {
  say(fmt::format("daxemu: {}\n", text));
}

bool colour_wanted(int fd) {
  const char* no = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no == nullptr || *no == '\0') && ::isatty(fd) == 1 && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

std::function<void(std::uint64_t, std::uint64_t)> progress_line(std::string what) {
  if (::isatty(STDERR_FILENO) == 0) {
    return {};
  }
  using Clock = std::chrono::steady_clock;
  constexpr auto kPatience = std::chrono::seconds(1);
  return [what = std::move(what), next = Clock::now() + kPatience, shown = false](std::uint64_t done,
                                                                                  std::uint64_t all) mutable {
    if (Clock::now() >= next) {
      say(fmt::format("\r{} of {} extents {}", done, all, what));
      next = Clock::now() + std::chrono::milliseconds(100);
      shown = true;
    }
    if (done == all && shown) {
      say("\r\033[K");
    }
  };
}

} // namespace daxemu::cli
