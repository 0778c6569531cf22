// Variables that every process writes to before its main() has begun: kept side by side, so that they share the page
// that the loader has written to anyway (the library's symbols, runtime/preload/ground/real.hpp). Each page more costs
// a process two faults. Only for constant-initialised variables of namespace or class scope.
#pragma once

#define DAXEMU_AT_START __attribute__((section("daxemu_start")))
// The same of code: what every process runs before its main() and what the calls run that most programs make most
// often. A page fault maps some 64 KiB of a library, so that what lies together comes at once. On definitions.
#define DAXEMU_START_PATH __attribute__((section(".text.startup.daxemu")))
// The same of the calls among them, side by side, for the processor's caches and what it knows of pages: each begins a
// line, and takes as few as it can.
#define DAXEMU_CALL_PATH __attribute__((section(".text.startup.daxemu_calls"), aligned(64)))
// Variables, small ones, that calls look at which many programs make: of the file, though they are zeros, for a page of
// the file is there to be read once one beside it was, and costs a fault only when it is written to.
#define DAXEMU_OFTEN __attribute__((section(".data.daxemu_often")))
// The same of what is larger, behind those.
#define DAXEMU_OFTEN_WIDE __attribute__((section(".data.daxemu_wide")))
// Large variables of zeros that are used from the beginning, of which the first bytes share a page with those above.
#define DAXEMU_BEHIND_START __attribute__((section(".bss.daxemu_begin")))
