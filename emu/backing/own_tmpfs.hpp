// A tmpfs of one's own, mounted nowhere: a folder that nobody else sees. It goes with the last descriptor of it or of
// its files.
#pragma once

#include <span>
#include <utility>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::backing {

// The folder. `options` as mount(8) has them: names and values. System calls only: a child that shares our memory may
// call it. Errors: ENOSYS (before Linux 5.2), EINVAL (no such option or value here), EPERM (may not mount), and others.
[[nodiscard]] Result<UniqueFd> own_tmpfs(std::span<const std::pair<const char*, const char*>> options);

} // namespace daxemu::backing
