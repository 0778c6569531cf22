#include "runtime/preload/ground/program_variable.hpp"

namespace daxemu::preload {
namespace {

// Where the kernel has put the number of a program's arguments; behind it they are, and the environment.
constinit ProgramVariable<"__libc_stack_end", const std::uintptr_t*> program_stack{};

} // namespace

// Every program comes to both: when it starts, and when it ends.
DAXEMU_AT_START constinit ProgramVariable<"__environ", char**> program_environment{};
DAXEMU_AT_START constinit ProgramVariable<"stdout", FILE*> program_output{};

DAXEMU_START_PATH char** environment_at_start() {
  if (char** const environment = *program_environment; environment != nullptr) [[likely]] {
    return environment;
  }
  const std::uintptr_t* const start = *program_stack;
  if (start == nullptr || start[1 + *start] != 0) { // what is behind the last argument
    return nullptr;
  }
  return reinterpret_cast<char**>(const_cast<std::uintptr_t*>(start + 2 + *start)); // NOLINT
}

} // namespace daxemu::preload
