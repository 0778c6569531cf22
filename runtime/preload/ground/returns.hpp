// From Result to what libc's callers expect: -1 (or MAP_FAILED) and errno. Here a refusal reaches the program, and with
// it the reason that was noted for it reaches who reads reasons (emu/trace/why.hpp).
#pragma once

#include <cerrno>

#include <sys/mman.h>

#include "emu/base/result.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::preload {

inline void set_errno(Errno error) {
  trace::tell_refusal(error.value);
  errno = error.value;
}

[[nodiscard]] inline int as_int(const Result<void>& result) {
  if (result) {
    return 0;
  }
  set_errno(result.error());
  return -1;
}

// What a libc function returns for a Result: the value, or `failure` with errno set.
template <class Value, class T>
Value libc_value(const Result<T>& result, Value failure) {
  if (!result) {
    set_errno(result.error());
    return failure;
  }
  return static_cast<Value>(*result);
}

[[nodiscard]] inline void* as_mapped(const Result<void*>& result) {
  if (result) {
    return *result;
  }
  set_errno(result.error());
  return MAP_FAILED;
}

} // namespace daxemu::preload
