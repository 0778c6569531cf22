// What the interposed calls of this process work on: the platform's store, its rendered tree, this process's mappings.
// Made once, in the library's constructor or by the first call that needs it; never destroyed (threads may still run
// while the process exits). Without a usable DAXEMU_PLATFORM there is none and every hook passes its call through.
#pragma once

#include <atomic>

#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "runtime/preload/ground/plain_calls.hpp"
#include "runtime/preload/names/exec_environment.hpp"
#include "runtime/preload/names/hidden_devices.hpp"
#include "runtime/preload/names/resolver.hpp"
#include "runtime/preload/names/working_directory.hpp"
#include "runtime/preload/nodes/descriptors.hpp"
#include "runtime/preload/nodes/opened/opener.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"

namespace daxemu::preload {

class __attribute__((visibility("hidden"))) Context {
public:
  // The context, or nullptr: pass the call through. Also nullptr to calls made while it is being made. Safe in a
  // signal handler once made.
  [[nodiscard]] static Context* get() noexcept {
    Context* made = made_.load(std::memory_order_acquire);
    return made != nullptr ? made : make();
  }

  // The same, without making it.
  [[nodiscard]] static Context* made() noexcept { return made_.load(std::memory_order_acquire); }

  // Asks what is to be known of the mounts there are, before the program has others, or another root.
  static void before_other_mounts() noexcept {
    if (const Context* context = get(); context != nullptr) {
      context->descriptors_.settle_file_systems();
      (void)context->hidden_.any();
    }
  }

  // The same of a filter of system calls, which may end the program for a call that it does not make itself: from now
  // on none is made only because it is quicker.
  static void before_filter() noexcept {
    before_other_mounts();
    PlainCalls::avoid_unusual();
  }

  // For tests, which have a store but no environment.
  explicit Context(store::Store store);
  ~Context(); // in tests only
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] const store::Store& store() const { return store_; }
  [[nodiscard]] const sysfs::Tree& tree() const { return tree_; }
  [[nodiscard]] fault::AddressSpace& mappings() { return mappings_; }
  [[nodiscard]] const Descriptors& descriptors() const { return descriptors_; }
  [[nodiscard]] const HiddenDevices& hidden() const { return hidden_; }
  [[nodiscard]] const Resolver& resolver() const { return resolver_; }
  [[nodiscard]] const VnodeFiles& files() const { return files_; }
  [[nodiscard]] const Opener& opener() const { return opener_; }
  [[nodiscard]] WorkingDirectory& directory() { return directory_; }
  [[nodiscard]] const ExecEnvironment& environment() const { return environment_; }

  // The device that descriptor `fd` is open on, or nullptr. The inode decides (design, decision 1).
  [[nodiscard]] store::DeviceRecord* device_of(int fd) const noexcept { return descriptors_.device(fd); }

private:
  static Context* make() noexcept;
  static std::atomic<Context*> made_;

  store::Store store_;
  sysfs::Tree tree_;
  fault::AddressSpace mappings_{store_};
  Descriptors descriptors_{store_, tree_};
  WorkingDirectory directory_;
  ExecEnvironment environment_;
  HiddenDevices hidden_;
  Resolver resolver_{store_, tree_, descriptors_, directory_, hidden_};
  VnodeFiles files_{tree_};
  Opener opener_{store_, tree_, files_};
};

} // namespace daxemu::preload
