#include "runtime/cli/full_machine.hpp"

#include <csignal>

#include <unistd.h>

#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

void let_the_call_fail(int /*signal*/) {}

void say_what_is_full(int /*signal*/) {
  constexpr char kText[] = "daxemu: no memory is left for the platform's files; free some, or enlarge the file system "
                           "they are on (as root: mount -o remount,size=...)\n";
  [[maybe_unused]] const ssize_t said = ::write(STDERR_FILENO, kText, sizeof kText - 1);
  ::_exit(kExitRefused);
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
    return; // whoever started us wants it so, for what we start as well
  }
  action = {};
  action.sa_handler = handler;
  (void)::sigaction(signal, &action, nullptr);
}

} // namespace

void prepare_for_full_machine() {
  handle(SIGXFSZ, let_the_call_fail);
  handle(SIGBUS, say_what_is_full);
}

} // namespace daxemu::cli
