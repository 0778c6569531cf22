// Errors as values. Inside emu/ and runtime/ a failed call is an errno, exactly as the kernel would hand it to user
// space; a Problem is the same with words for a person, made only where a person will read it.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace daxemu {

// A positive errno value (EINVAL, ENXIO, ...), never 0.
struct Errno {
  int value = 0;
  friend constexpr bool operator==(Errno, Errno) = default;
};

template <class T>
using Result = tl::expected<T, Errno>;

// fail(EINVAL): what a function returning Result<T> returns to refuse.
[[nodiscard]] constexpr tl::unexpected<Errno> fail(int value) {
  return tl::unexpected<Errno>(Errno{value});
}

// A refusal a person reads: what was wrong (naming the value) and what to do about it.
struct Problem {
  int code = EINVAL; // errno, for the C API and exit codes
  std::string what;
  std::string remedy;
};

template <class T>
using Outcome = tl::expected<T, Problem>;

[[nodiscard]] inline tl::unexpected<Problem> refuse(int code, std::string what, std::string remedy) {
  return tl::unexpected<Problem>(Problem{code, std::move(what), std::move(remedy)});
}

} // namespace daxemu
