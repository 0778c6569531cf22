// /proc/PID/maps and its kin name the memory file behind a device's mapping; a program looking for its device expects
// /dev/daxX.Y there.
#pragma once

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"
#include "runtime/fault/address_space.hpp"

namespace daxemu::preload {

class ProcessMaps {
public:
  // `space`: what this process has mapped, nullptr for nothing.
  ProcessMaps(const store::Store& store, const sysfs::Tree& tree, const fault::AddressSpace* space)
      : store_(&store), tree_(&tree), space_(space) {}

  // Is it /proc/PID/maps, smaps or numa_maps by its name, or fdinfo/N (descriptor_info.hpp)?
  [[nodiscard]] static bool is_one(const char* path) noexcept;

  // A descriptor of the file as it is now, with devices under their names; -1 if the file names none of them, so that
  // the real one can be opened. Allocates nothing: crash handlers read maps. Errors: open(2)'s.
  [[nodiscard]] Result<int> open(const char* path, int flags) const noexcept;

private:
  const store::Store* store_;
  const sysfs::Tree* tree_;
  const fault::AddressSpace* space_;
};

} // namespace daxemu::preload
