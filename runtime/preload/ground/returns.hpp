// From Result to what libc's callers expect: -1 (or MAP_FAILED) and errno.
#pragma once

#include <cerrno>

#include <sys/mman.h>

#include "emu/base/result.hpp"

namespace daxemu::preload {

[[nodiscard]] inline int as_int(const Result<void>& result) {
  if (result) {
    return 0;
  }
  errno = result.error().value;
  return -1;
}

// What a libc function returns for a Result: the value, or `failure` with errno set.
template <class Value, class T>
Value libc_value(const Result<T>& result, Value failure) {
  if (!result) {
    errno = result.error().value;
    return failure;
  }
  return static_cast<Value>(*result);
}

[[nodiscard]] inline void* as_mapped(const Result<void*>& result) {
  if (result) {
    return *result;
  }
  errno = result.error().value;
  return MAP_FAILED;
}

} // namespace daxemu::preload
