// The words behind a negative errno of the C API, per thread.
#pragma once

#include <exception>
#include <string>

#include "emu/base/result.hpp"

namespace daxemu::api {

// Keeps the words, returns -code.
int report(const Problem& problem);
// The same for an errno alone; `what` says what was tried.
int report(Errno error, const char* what);
[[nodiscard]] const char* last_error();
// 0, or the words kept and -code.
[[nodiscard]] inline int outcome(const Outcome<void>& done) {
  return done ? 0 : report(done.error());
}

// What a C function does with its body: no exception leaves it. std::bad_alloc is the only one expected.
template <class Body>
auto guarded(Body body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& error) {
    return static_cast<decltype(body())>(report({ENOMEM, error.what(), "free some memory"}));
  }
}

} // namespace daxemu::api
