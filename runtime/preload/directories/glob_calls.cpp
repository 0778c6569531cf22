#include "runtime/preload/directories/glob_calls.hpp"

#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

// These call the interposed functions: within the library as anywhere else, the names are the hooks'.
void* open_for_glob(const char* path) {
  return ::opendir(path);
}
struct dirent* read_for_glob(void* stream) {
  return ::readdir(static_cast<DIR*>(stream));
}
void close_for_glob(void* stream) {
  ::closedir(static_cast<DIR*>(stream));
}
int stat_for_glob(const char* path, struct stat* into) {
  return ::stat(path, into);
}
int lstat_for_glob(const char* path, struct stat* into) {
  return ::lstat(path, into);
}

} // namespace

int glob_through(const char* pattern, int flags, glob_t* found, FunctionRef<int(int)> real) {
  if (pattern == nullptr || found == nullptr || (flags & GLOB_ALTDIRFUNC) != 0 || Context::get() == nullptr) {
    return real(flags);
  }
  found->gl_opendir = open_for_glob;
  found->gl_readdir = read_for_glob;
  found->gl_closedir = close_for_glob;
  found->gl_stat = stat_for_glob;
  found->gl_lstat = lstat_for_glob;
  const int status = real(flags | GLOB_ALTDIRFUNC);
  found->gl_flags &= ~GLOB_ALTDIRFUNC; // as the caller passed them
  return status;
}

} // namespace daxemu::preload
