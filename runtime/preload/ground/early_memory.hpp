// Memory for what is made before it is safe to ask malloc: the program's allocator may itself be what called us.
// jemalloc reads a link and a file while it sets itself up, under its own lock, and another library's constructor may
// have it do so before ours has run (Redis). While a Scope lives, this thread's operator new (hooks/operator_new.cpp)
// takes from here.
#pragma once

#include <atomic>
#include <cstddef>

#include <sys/types.h>

namespace daxemu::preload {

class EarlyMemory {
public:
  // One thread of the process at a time.
  class Scope {
  public:
    Scope() noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  };

  // Is this thread to take memory from here?
  [[nodiscard]] static bool is_mine() noexcept {
    return owner_.load(std::memory_order_relaxed) != nullptr && is_owner();
  }
  // `size` bytes aligned to `alignment`, which is never given back; nullptr: the kernel has none, or too much is asked.
  [[nodiscard]] static void* take(std::size_t size, std::size_t alignment) noexcept;
  // Did `memory` come from here?
  [[nodiscard]] static bool owns(const void* memory) noexcept;

private:
  static bool is_owner() noexcept;
  static std::atomic<const void*> owner_; // its thread pointer
};

} // namespace daxemu::preload
