// What the interposed calls of this process work on: the platform's store, its rendered tree, this process's mappings.
// Made once, in the library's constructor or by the first call that needs it; never destroyed (threads may still run
// while the process exits). Without a usable DAXEMU_PLATFORM there is none and every hook passes its call through.
#pragma once

#include "emu/store/store.hpp"
#include "emu/sysfs/tree.hpp"
#include "runtime/fault/address_space.hpp"

namespace daxemu::preload {

class Context {
public:
  // The context, or nullptr: pass the call through. Also nullptr to calls made while it is being made. Safe in a
  // signal handler once made.
  [[nodiscard]] static Context* get() noexcept;

  [[nodiscard]] const store::Store& store() const { return store_; }
  [[nodiscard]] const sysfs::Tree& tree() const { return tree_; }
  [[nodiscard]] fault::AddressSpace& mappings() { return mappings_; }

  // The device that descriptor `fd` is open on, or nullptr. The inode decides (design, decision 1).
  [[nodiscard]] store::DeviceRecord* device_of(int fd) const noexcept;

private:
  explicit Context(store::Store store);
  static Context* make() noexcept;

  store::Store store_;
  sysfs::Tree tree_;
  fault::AddressSpace mappings_;
};

} // namespace daxemu::preload
