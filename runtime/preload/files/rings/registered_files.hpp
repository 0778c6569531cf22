// Devices among the files that are registered with a ring of io_uring: requests name those by their number in the
// ring's table, and are refused as requests on a descriptor are.
#pragma once

namespace daxemu::preload {

class RegisteredFiles {
public:
  static constexpr unsigned kMost = 256; // requests on more of them are the kernel's to answer

  // The descriptors `files` are the files `first` and following of `ring` now.
  static void note(int ring, unsigned first, const int* files, unsigned count) noexcept;
  // The flags (F_GETFL) a device was open with that is file `index` of `ring`; -1: it is none.
  [[nodiscard]] static int flags_of(int ring, unsigned index) noexcept;
  // Rings `first` to `last` are closed.
  static void forget_rings(unsigned first, unsigned last) noexcept;
  [[nodiscard]] static bool any() noexcept;
};

} // namespace daxemu::preload
