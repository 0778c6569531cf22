// glob(3) opens directories inside libc; told to use functions of ours, it sees emulated ones too.
#pragma once

#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// Runs `real` with the flags and functions it needs to see emulated entries, unless the program brings its own.
int glob_through(const char* pattern, int flags, glob_t* found, FunctionRef<int(int)> real);

} // namespace daxemu::preload
