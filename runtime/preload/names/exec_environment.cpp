#include "runtime/preload/names/exec_environment.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "emu/base/program/at_exec.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/names/working_directory.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kPreload = "LD_PRELOAD";

DAXEMU_START_PATH std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

// A sanitizer's runtime that is preloaded into a program built without it knows no other place for its options; and
// with handlers of its own it would call ours before it is up.
DAXEMU_START_PATH bool is_of_sanitizer([[maybe_unused]] std::string_view name) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return name == "ASAN_OPTIONS" || name == "TSAN_OPTIONS" || name == "UBSAN_OPTIONS";
#else
  return false;
#endif
}

// By its first byte: one pass over all that a program was given, when it starts.
DAXEMU_START_PATH bool may_be_kept(const char* variable) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return *variable != '\0';
#else
  return *variable == 'D' || *variable == 'L';
#endif
}

DAXEMU_START_PATH bool is_directory_variable(std::string_view variable) {
  return name_of(variable) == kWorkingDirectoryVariable;
}

DAXEMU_EXEC_PATH char* put(char*& text, std::string_view what) {
  char* const begin = text;
  std::memcpy(text, what.data(), what.size());
  text += what.size();
  *text = '\0';
  return begin;
}

} // namespace

ExecEnvironment::~ExecEnvironment() {
  for (const Variable& variable : kept_) {
    if (!is_near(variable.text)) {
      delete[] variable.text;
    }
  }
}

bool ExecEnvironment::is_near(const char* text) const {
  return !std::less<>()(text, texts_.data()) && std::less<>()(text, texts_.data() + texts_.size());
}

DAXEMU_START_PATH const char* ExecEnvironment::copy_of(const char* text) {
  const std::size_t size = std::strlen(text) + 1;
  char* into = texts_.data() + texts_used_;
  if (size <= texts_.size() - texts_used_) {
    texts_used_ += size;
  } else {
    into = new char[size]; // not by malloc: see early_memory.hpp
  }
  return static_cast<const char*>(std::memcpy(into, text, size));
}

DAXEMU_START_PATH void ExecEnvironment::remember(char** environment, const char* library) {
  library_ = library;
  count_ = 1;
  for (char** at = environment; at != nullptr && *at != nullptr && count_ < kMost; ++at) {
    if (!may_be_kept(*at)) {
      continue;
    }
    const std::string_view name = name_of(*at);
    const bool ours = (name.starts_with("DAXEMU") && !is_directory_variable(*at)) || is_of_sanitizer(name);
    if (name == kPreload) {
      kept_[0] = {copy_of(*at), name.size()};
    } else if (ours) {
      kept_[count_++] = {copy_of(*at), name.size()};
    }
  }
}

DAXEMU_EXEC_PATH ExecEnvironment::Size ExecEnvironment::size_for(char* const* environment) const noexcept {
  Size size;
  for (char* const* at = environment; at != nullptr && *at != nullptr; ++at) {
    ++size.pointers;
    if (name_of(*at) == kPreload) {
      size.text += std::strlen(*at);
    }
  }
  size.pointers += kMost + 2;
  size.text += kPreload.size() + std::strlen(library_) + 3;
  size.text += std::strlen(kWorkingDirectoryVariable) + WorkingDirectory::kLongest + 2;
  return size;
}

DAXEMU_EXEC_PATH char* const* ExecEnvironment::with(char* const* environment, std::string_view directory,
                                                    char** pointers, char* text) const noexcept {
  if (count_ == 0) {
    return environment;
  }
  std::array<bool, kMost> present{};
  bool changed = false;
  std::size_t used = 0;
  for (char* const* at = environment; at != nullptr && *at != nullptr; ++at) {
    const std::string_view variable(*at);
    const std::string_view name = name_of(variable);
    if (is_directory_variable(variable)) {
      changed = true; // what holds is appended below
      continue;
    }
    pointers[used++] = *at;
    for (std::size_t which = 0; which < count_; ++which) {
      const Variable& kept = kept_[which];
      present[which] =
          present[which] || (kept.text != nullptr && std::string_view(kept.text, kept.name_length) == name);
    }
    if (name == kPreload && variable.find(library_) == std::string_view::npos) {
      const std::string_view value = variable.substr(std::min(kPreload.size() + 1, variable.size()));
      pointers[used - 1] = put(text, "LD_PRELOAD=");
      put(text, library_);
      if (!value.empty()) {
        put(text, ":");
        put(text, value);
      }
      ++text;
      changed = true;
    }
  }
  for (std::size_t which = 0; which < count_; ++which) {
    if (kept_[which].text != nullptr && !present[which]) {
      pointers[used++] = const_cast<char*>(kept_[which].text);
      changed = true;
    }
  }
  if (!directory.empty()) {
    pointers[used++] = put(text, kWorkingDirectoryVariable);
    put(text, "=");
    put(text, directory);
    changed = true;
  }
  pointers[used] = nullptr;
  return changed ? pointers : environment;
}

} // namespace daxemu::preload
