// Follows changes of the platform that other processes make: unbound devices, poisoned extents. One thread of ours that
// sleeps until there is a new Platform::generation, and this process's slot, through which others see how far it is.
#pragma once

#include <cstdint>

#include "emu/store/store.hpp"
#include "runtime/fault/process/last_thread.hpp"

namespace daxemu::fault {

class Watcher {
public:
  // `follow(argument)` makes this process's mappings what the store says; it runs on the watcher's thread.
  Watcher(const store::Store& store, void (*follow)(void*), void* argument)
      : store_(store), follow_(follow), argument_(argument) {}

  // Starts watching for a process that uses `engine`. Again: nothing. Under the table's lock.
  void start(store::EngineKind engine);
  // As Engine::run_library_code().
  void run_library_code() { library_code_ = true; }
  // In a forked child: the slot is the parent's, the thread stayed there.
  void abandon();

private:
  static void watch(void* self) noexcept;

  const store::Store& store_;
  void (*follow_)(void*);
  void* argument_;
  store::ProcessSlot* slot_ = nullptr;
  LastThread last_;
  std::uint32_t seen_ = 0;
  bool started_ = false;
  void* stack_ = nullptr;
  bool library_code_ = false;
};

} // namespace daxemu::fault
