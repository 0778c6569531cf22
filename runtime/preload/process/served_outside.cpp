#include "runtime/preload/process/served_outside.hpp"

#include <string_view>

#include <fcntl.h>
#include <unistd.h>

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

int start_served(int dirfd, const char* path, char* const* arguments, char* const* environment,
                 FunctionRef<int(const char*, char* const*)> real) noexcept {
  // There even where the program has dropped it; whatever pointers it gives.
  const char* enter = is_text_list(environment) ? value_of(environment, kEnterVariable) : nullptr;
  const bool named = dirfd == AT_FDCWD || *path == '/';
  if (enter == nullptr || *enter == '\0' || !named || arguments == nullptr || !is_text_list(arguments) ||
      !is_outside(unserved_reason(dirfd, path)) || ::access(path, X_OK) != 0) {
    note_if_unserved(dirfd, path);
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

int start_served_in_path(const char* file, char* const* arguments, char* const* environment,
                         FunctionRef<int(const char*, char* const*)> direct, FunctionRef<int()> real) noexcept {
  PathText found;
  if (!find_in_path(file, found) || !is_outside(unserved_reason(AT_FDCWD, found.c_str()))) {
    note_if_unserved_in_path(file);
    return real();
  }
  return start_served(AT_FDCWD, found.c_str(), arguments, environment, direct);
}

} // namespace daxemu::preload
