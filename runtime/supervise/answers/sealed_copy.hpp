// A descriptor of an attribute for a number that the filter does not tell of (README.md): what is written there reaches
// no store(), so it must not look as if it had.
#pragma once

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::supervise {

// Of the same attribute, with the same text and access: write(2) of it is refused by the kernel (EPERM). Nothing: it
// needs none, for nothing can be written to `fd`. Errors: memfd_create(2)'s.
[[nodiscard]] Result<UniqueFd> sealed_copy(int fd);

} // namespace daxemu::supervise
