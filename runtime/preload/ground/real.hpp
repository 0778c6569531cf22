// The next definition of an interposed function (libc's, or that of another preloaded library): a typed pointer that is
// looked up when it is first wanted. That takes no lock and no memory, so it may be in a signal handler or a vforked
// child. Constant-initialised, so it works before any constructor has run.
#pragma once

#include <atomic>
#include <utility>

#include "runtime/preload/ground/next_symbol.hpp"

namespace daxemu::preload {

class RealSymbol {
public:
  constexpr explicit RealSymbol(const char* name) : name_(name), hash_(symbol_hash(name)) {}

  void* find() const {
    void* found = next_.load(std::memory_order_acquire);
    return found != nullptr ? found : look();
  }

  // Is it the C library's own, so that the system call it stands for may be made in its place? Another preloaded
  // library or a sanitizer's runtime wants to see the call.
  [[nodiscard]] bool is_libcs() const {
    if (libcs_.load(std::memory_order_relaxed)) [[likely]] {
      return true;
    }
    return find() != nullptr && libcs_.load(std::memory_order_relaxed); // it may be that nobody has looked
  }

private:
  void* look() const; // out of line: once

  const char* name_;
  std::uint32_t hash_;
  mutable std::atomic<void*> next_{nullptr};
  mutable std::atomic<bool> libcs_{false};
};

template <class Function>
class Real : public RealSymbol {
public:
  using RealSymbol::RealSymbol;

  // Is there one? (old and new glibc differ in __xstat and the like)
  [[nodiscard]] bool exists() const { return get() != nullptr; }

  template <class... Args>
  auto operator()(Args... args) const {
    return get()(args...);
  }

  [[nodiscard]] Function* get() const { return reinterpret_cast<Function*>(find()); }
};

} // namespace daxemu::preload

// DAXEMU_REAL(close, int(int)) defines real_close.
#define DAXEMU_REAL(name, ...)                                                                                         \
  constinit ::daxemu::preload::Real<__VA_ARGS__> real_##name {                                                         \
#name                                                                                                              \
  }
