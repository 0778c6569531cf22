// A memory file whose pages may be huge ones wherever they are asked for (MADV_HUGEPAGE), whatever the machine says of
// memory files as such (transparent_hugepage/shmem_enabled, mostly `never`): on a tmpfs of its own, mounted nowhere,
// with huge=advise. It goes with its last descriptor. Nobody else's memory is affected; `deny` forbids it as well.
#pragma once

#include <string>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::backing {

// Looks as a memfd of that name does: in /proc/PID/maps, and by having no name. Needs no privilege: who may not mount
// does so in a user namespace of a child. Errors: ENOSYS (before Linux 5.2), EINVAL (no huge pages in this kernel),
// EPERM and others (neither is allowed here).
[[nodiscard]] Result<UniqueFd> advised_file(const std::string& name);

// Ways to one; advised_file() tries the first and then the other.
[[nodiscard]] Result<UniqueFd> advised_file_here(const std::string& name);
[[nodiscard]] Result<UniqueFd> advised_file_of_child(const std::string& name);

} // namespace daxemu::backing
