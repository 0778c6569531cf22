#include "runtime/preload/process/exec_calls.hpp"

#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include "emu/base/program/at_exec.hpp"
#include "runtime/preload/ground/program_variable.hpp"
#include "runtime/preload/paths/path_call.hpp"
#include "runtime/preload/paths/stat_calls.hpp"
#include "runtime/preload/process/served_outside.hpp"
#include "runtime/preload/process/spawn_places.hpp"

namespace daxemu::preload {

DAXEMU_EXEC_PATH int with_child_environment(char* const* environment, FunctionRef<int(char* const*)> real) {
  Context* context = Context::get();
  if (context == nullptr || (environment != nullptr && !is_text_list(environment))) {
    return real(environment);
  }
  const ExecEnvironment& kept = context->environment();
  const ExecEnvironment::Size size = kept.size_for(environment);
  // On the stack: the caller may be a vforked child, or hold malloc's lock.
  auto** pointers = static_cast<char**>(__builtin_alloca(size.pointers * sizeof(char*)));
  auto* text = static_cast<char*>(__builtin_alloca(size.text));
  return real(kept.with(environment, context->directory().emulated(), pointers, text));
}

namespace {

constinit SpawnPlaces spawn_places;

bool is_bad(char* const* list) {
  return list != nullptr && !is_text_list(list);
}

} // namespace

DAXEMU_EXEC_PATH int exec_path(int dirfd, const char* path, char* const* arguments, char* const* environment,
                               ExecCall real, Follow follow) {
  return with_child_environment(environment, [&](char* const* child) {
    return on_path<int>(
        dirfd, path, {.follow = follow, .inode = true}, -1,
        [&](const char* p) {
          return start_served(dirfd, p, arguments, child,
                              [&](const char* q, char* const* list) { return real(q, list, child); });
        },
        [=](const Resolution& found) -> Result<int> {
          if (is_bad(arguments) || is_bad(environment)) {
            return fail(EFAULT);
          }
          if (found.kind == Resolution::Kind::refused) {
            return tl::unexpected(found.error);
          }
          return fail(found.node.type == sysfs::NodeType::symlink ? ELOOP : EACCES);
        });
  });
}

int exec_descriptor(int fd, char* const* arguments, char* const* environment, FunctionRef<int(char* const*)> real) {
  if (!described_node(fd)) {
    return with_child_environment(environment, real);
  }
  errno = is_bad(arguments) || is_bad(environment) ? EFAULT : EACCES;
  return -1;
}

int exec_path_by_flags(int dirfd, const char* path, char* const* arguments, char* const* environment, int flags,
                       ExecCall real) {
  constexpr int kCheck = 0x10000; // AT_EXECVE_CHECK, of newer kernels
  if (is_unknown(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | kCheck)) {
    return real(path, arguments, environment); // EINVAL, whatever the path
  }
  if ((flags & AT_EMPTY_PATH) != 0 && is_text(path) && *path == '\0' && described_node(dirfd)) {
    return exec_descriptor(dirfd, arguments, environment, [](char* const* /*child*/) { return -1; });
  }
  return exec_path(dirfd, path, arguments, environment, real, follow_of_at(flags));
}

int spawn_path(const char* path, char* const* arguments, char* const* environment, ExecCall real) {
  const int kept = errno;
  int status = 0;
  const int done =
      exec_path(AT_FDCWD, path, arguments, environment, [&](const char* p, char* const* list, char* const* child) {
        status = real(p, list, child);
        errno = status;
        return status == 0 ? 0 : -1;
      });
  const int code = errno;
  errno = kept;
  return done == 0 ? 0 : (status != 0 ? status : code);
}

int enter_in_child(const void* actions, const char* directory, FunctionRef<int()> real) {
  const int status = real();
  if (status == 0 && is_text(directory)) {
    spawn_places.enter(actions, directory);
  }
  return status;
}

int enter_in_child(const void* actions, int directory, FunctionRef<int()> real) {
  const int status = real();
  PathText path;
  if (status == 0 && Descriptors::path_of(directory, path)) {
    spawn_places.enter(actions, path.view());
  }
  return status;
}

int begin_actions(const void* actions, FunctionRef<int()> real) {
  spawn_places.forget(actions);
  return real();
}

int open_in_child(const void* actions, const char* path, int flags, FunctionRef<int(const char*, int)> real) {
  Context* context = path == nullptr || !is_text(path) ? nullptr : Context::get();
  PathText whole;
  const char* const meant = context != nullptr && spawn_places.complete(actions, path, whole) ? whole.c_str() : path;
  if (context == nullptr || !context->resolver().is_likely(AT_FDCWD, meant)) {
    return real(path, flags);
  }
  Resolution found;
  context->resolver().resolve(AT_FDCWD, meant, Follow::always, found);
  if (found.kind != Resolution::Kind::node || context->opener().file_of(found.node) == nullptr) {
    return real(path, flags);
  }
  auto trial = context->opener().open(found.node, flags); // its errors, and what it opens, are what the child is due
  if (!trial) {
    return real(path, flags);
  }
  (void)sys::close(*trial);
  FdTable::forget(*trial);
  const store::NodeRecord* file = context->opener().file_of(found.node);
  return real(file == nullptr ? path : file->location.c_str(), flags & (O_ACCMODE | O_CLOEXEC | O_NONBLOCK));
}

void restore_environ() {
  Context* context = Context::get();
  if (context == nullptr) {
    return;
  }
  const ExecEnvironment& kept = context->environment();
  char** const environment = *program_environment;
  const ExecEnvironment::Size size = kept.size_for(environment);
  auto** pointers = static_cast<char**>(__builtin_alloca(size.pointers * sizeof(char*)));
  auto* text = static_cast<char*>(__builtin_alloca(size.text));
  char* const* wanted = kept.with(environment, context->directory().emulated(), pointers, text);
  if (wanted == environment) {
    return;
  }
  for (char* const* at = wanted; *at != nullptr; ++at) {
    const char* equals = std::strchr(*at, '=');
    const std::string_view name(*at, equals != nullptr ? static_cast<std::size_t>(equals - *at) : 0);
    if (name == "LD_PRELOAD" || name.starts_with("DAXEMU")) {
      const FixedString<64> terminated(name);
      ::setenv(terminated.c_str(), equals + 1, 1);
    }
  }
}

} // namespace daxemu::preload
