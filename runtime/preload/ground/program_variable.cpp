#include "runtime/preload/ground/program_variable.hpp"

namespace daxemu::preload {
namespace {

// Where the kernel has put the number of a program's arguments; behind it they are, and the environment.
constinit ProgramVariable<"__libc_stack_end", const std::uintptr_t*> program_stack{};

} // namespace

// Every program comes to both: when it starts, and when it ends.
DAXEMU_AT_START constinit ProgramVariable<"__environ", char**> program_environment{};
DAXEMU_AT_START constinit ProgramVariable<"stdout", FILE*> program_output{};

DAXEMU_START_PATH EnvironmentAtStart::EnvironmentAtStart() noexcept {
  if (*program_environment != nullptr) [[likely]] {
    return;
  }
  const std::uintptr_t* const start = *program_stack;
  if (start != nullptr && start[1 + *start] == 0) { // what is behind the last argument
    *program_environment = reinterpret_cast<char**>(const_cast<std::uintptr_t*>(start + 2 + *start)); // NOLINT
    lent_ = true;
  }
}

DAXEMU_START_PATH EnvironmentAtStart::~EnvironmentAtStart() {
  if (lent_) {
    *program_environment = nullptr;
  }
}

} // namespace daxemu::preload
