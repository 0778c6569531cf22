// ftw(3) and nftw(3) open directories inside libc. For trees with emulated entries they are done here, on the
// interposed calls; all others stay libc's.
#pragma once

#include <ftw.h>
#include <sys/stat.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// `visit` is called as nftw's function: path, stat, FTW_F and so on, the place in the path. `real` asks libc.
using Visit = FunctionRef<int(const char*, const struct stat*, int, struct FTW*)>;
int walk_tree(const char* path, int flags, Visit visit, FunctionRef<int()> real);

} // namespace daxemu::preload
