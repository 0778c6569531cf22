// What --share and "share" ask for.
#pragma once

#include <string>

#include "emu/base/result.hpp"

namespace daxemu::cli {

struct ShareWish {
  std::string name;        // of the share; empty: none
  bool must_exist = false; // NAME,join: another platform has begun it
};

// "pool" or "pool,join". Errors (Problem, EINVAL): it is neither; they name --share.
[[nodiscard]] Outcome<ShareWish> parse_share(const std::string& text);

} // namespace daxemu::cli
