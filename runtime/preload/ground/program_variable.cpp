#include "runtime/preload/ground/program_variable.hpp"

namespace daxemu::preload {

// Every program comes to both: when it starts, and when it ends.
DAXEMU_AT_START constinit ProgramVariable<"environ", char**> program_environment{};
DAXEMU_AT_START constinit ProgramVariable<"stdout", FILE*> program_output{};

} // namespace daxemu::preload
