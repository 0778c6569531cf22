#include "runtime/preload/process/served_outside.hpp"

#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "emu/base/program/at_exec.hpp"
#include "runtime/preload/ground/path_text.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/process/unserved.hpp"

namespace daxemu::preload {
namespace {

bool is_outside(store::Unserved why) {
  return why == store::Unserved::linked_statically || why == store::Unserved::own_calls;
}

const char* value_of(char* const* environment, std::string_view name) {
  for (char* const* at = environment; at != nullptr && *at != nullptr; ++at) {
    const std::string_view variable(*at);
    if (variable.starts_with(name) && variable.size() > name.size() && variable[name.size()] == '=') {
      return *at + name.size() + 1;
    }
  }
  return nullptr;
}

} // namespace

namespace {

DAXEMU_EXEC_PATH int start_examined(int dirfd, const char* path, const Examined& file, char* const* arguments,
                                    char* const* environment,
                                    FunctionRef<int(const char*, char* const*)> real) noexcept {
  // What is said of it is asked for, and whatever pointers the program gives are looked at, only where it matters.
  const bool named = dirfd == AT_FDCWD || (path != nullptr && *path == '/');
  const char* enter = is_outside(file.why) && named && is_text_list(environment)
                          ? value_of(environment, kEnterVariable) // there even where the program has dropped it
                          : nullptr;
  if (enter == nullptr || *enter == '\0' || arguments == nullptr || !is_text_list(arguments) ||
      ::access(path, X_OK) != 0) {
    note_if_unserved(file);
    return real(path, arguments);
  }
  std::size_t count = 0;
  while (arguments[count] != nullptr) {
    ++count;
  }
  constexpr std::size_t kBefore = 4;
  auto** list = static_cast<char**>(__builtin_alloca((kBefore + count + 1) * sizeof(char*)));
  list[0] = const_cast<char*>("daxemu");
  list[1] = const_cast<char*>(kEnterWord);
  list[2] = const_cast<char*>("--");
  list[3] = const_cast<char*>(path);
  for (std::size_t at = 0; at <= count; ++at) {
    list[kBefore + at] = arguments[at];
  }
  return real(enter, list);
}

} // namespace

DAXEMU_EXEC_PATH int start_served(int dirfd, const char* path, char* const* arguments, char* const* environment,
                                  FunctionRef<int(const char*, char* const*)> real) noexcept {
  Examined file;
  examine(dirfd, path, file);
  return start_examined(dirfd, path, file, arguments, environment, real);
}

DAXEMU_EXEC_PATH int start_served_in_path(const char* file, char* const* arguments, char* const* environment,
                                          FunctionRef<int(const char*, char* const*)> direct,
                                          FunctionRef<int()> real) noexcept {
  PathText found;
  if (!find_in_path(file, found)) {
    return real();
  }
  Examined program;
  examine(AT_FDCWD, found.c_str(), program);
  if (!is_outside(program.why)) {
    note_if_unserved(program);
    return real();
  }
  return start_examined(AT_FDCWD, found.c_str(), program, arguments, environment, direct);
}

} // namespace daxemu::preload
