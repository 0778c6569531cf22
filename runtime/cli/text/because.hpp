// A refusal that gives the kernel's reason.
#pragma once

#include <cstring>
#include <string>
#include <utility>

#include "emu/base/result.hpp"

namespace daxemu::cli {

// "WHAT: No such file or directory"
[[nodiscard]] inline tl::unexpected<Problem> because(const std::string& what, int code, std::string remedy) {
  return refuse(code, what + ": " + std::strerror(code), std::move(remedy));
}

} // namespace daxemu::cli
