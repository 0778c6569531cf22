// What the open file of a disk is beyond what the kernel knows of the empty file that stands for it. It has to go with
// the description, through dup, fork, exec and SCM_RIGHTS, so it is kept in what the kernel keeps with a description
// and an empty file has no use for.
#pragma once

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::preload {

class DiskFile {
public:
  // O_DIRECT, which not every kernel lets a memory file have: a signal nobody sends (F_SETSIG).
  [[nodiscard]] static bool is_direct(int fd) noexcept;
  static void set_direct(int fd, bool direct) noexcept;

  // bd_prepare_to_claim(), for O_EXCL: a lock of the description on a byte no disk has. `flags` are those of open(2).
  // Errors: EBUSY (somebody else has it), those of taking the configuration lock.
  [[nodiscard]] static Result<void> claim(const store::Store& store, int fd, int flags) noexcept;
};

} // namespace daxemu::preload
