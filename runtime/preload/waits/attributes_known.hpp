// May this process have a descriptor of an emulated attribute? Until it may, a waiting call costs one load.
#pragma once

#include <atomic>

#include "runtime/preload/ground/fd_table.hpp"

namespace daxemu::preload {

class AttributesKnown {
public:
  // No: it has inherited, opened and been sent none.
  [[nodiscard]] static bool none() noexcept { return FdTable::has_no_attributes() && look_once(); }

private:
  // What it has inherited, the first time that somebody asks. True: none.
  static bool look_once() noexcept;
};

} // namespace daxemu::preload
