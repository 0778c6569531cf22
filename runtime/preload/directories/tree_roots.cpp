#include "runtime/preload/directories/tree_roots.hpp"

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {

bool holds_nodes(const char* path) noexcept {
  const Context* context = path == nullptr || !is_text(path) || *path == '\0' ? nullptr : Context::get();
  if (context == nullptr) {
    return false;
  }
  Resolution found;
  context->resolver().resolve(AT_FDCWD, path, Follow::always, found);
  if (found.kind != Resolution::Kind::foreign) {
    return true;
  }
  const auto about = sys::fstatat(AT_FDCWD, path, 0);
  const auto root = sys::fstatat(AT_FDCWD, "/", 0);
  return about && root && about->st_dev == root->st_dev && about->st_ino == root->st_ino;
}

} // namespace daxemu::preload
