// Variables that every process writes to before its main() has begun: kept side by side, so that they share the page
// that the loader has written to anyway (the library's symbols, runtime/preload/ground/real.hpp). Each page more costs
// a process two faults. Only for constant-initialised variables of namespace or class scope.
#pragma once

#define DAXEMU_AT_START __attribute__((section("daxemu_start")))
