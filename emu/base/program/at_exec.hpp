// As at_start.hpp's, of what a program runs on its way to another one: a forked child finds no page of a file's code
// mapped, and each window of 64 KiB that it runs costs it a fault. On definitions.
#pragma once

#define DAXEMU_EXEC_PATH __attribute__((section(".text.startup.daxemu_exec")))
