// The files of /proc that say something of the platform's devices: what they are by their names, and a memory file with
// the text they would have if the devices were the kernel's. All others, and these where nothing of ours is in them,
// are the machine's own.
#pragma once

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::fault {
class AddressSpace;
}

namespace daxemu::preload {

// What their text is made from.
struct ProcSource {
  const store::Store& store;
  const sysfs::Tree& tree;
  fault::AddressSpace& mappings; // of this process
};

class ProcFiles {
public:
  explicit ProcFiles(ProcSource source) : source_(source) {}

  // Is it one of them by its name (/proc/PID/maps, /proc/devices)? No system call.
  [[nodiscard]] static bool is_one(const char* path) noexcept;

  // A descriptor of the file as it is now; -1: open the real one. Allocates nothing: crash handlers read maps.
  // Errors: open(2)'s.
  [[nodiscard]] Result<int> open(const char* path, int flags) const noexcept;

private:
  ProcSource source_;
};

} // namespace daxemu::preload
