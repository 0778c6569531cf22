// The next definition of an interposed function (libc's, or that of another preloaded library): a typed pointer that is
// looked up when it is first wanted. That takes no lock and no memory, so it may be in a signal handler or a vforked
// child. Constant-initialised, so it works before any constructor has run; and all zero: the name is part of the type,
// so that the loader has no address to write into it, in a page that no other process then shares.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

#include "runtime/preload/ground/next_symbol.hpp"

namespace daxemu::preload {

template <std::size_t Size>
struct SymbolName {
  char text[Size];
  consteval SymbolName(const char (&from)[Size]) { std::copy_n(from, Size, text); } // NOLINT: as a literal is written
};

class RealSymbol {
public:
  constexpr RealSymbol() = default;

  // The answer of is_libcs(), where it has been found out: one load.
  [[nodiscard]] bool is_known_libcs() const { return libcs_.load(std::memory_order_relaxed); }

protected:
  void* find(const char* name, std::uint32_t hash) const {
    void* found = next_.load(std::memory_order_acquire);
    return found != nullptr ? found : look(name, hash);
  }

private:
  void* look(const char* name, std::uint32_t hash) const; // out of line: once

  mutable std::atomic<void*> next_{nullptr};
  mutable std::atomic<bool> libcs_{false};
};

template <SymbolName Name, class Function>
class Real : public RealSymbol {
public:
  // Is there one? (old and new glibc differ in __xstat and the like)
  [[nodiscard]] bool exists() const { return get() != nullptr; }
  // Is it the C library's own, so that the system call it stands for may be made in its place? Another preloaded
  // library or a sanitizer's runtime wants to see the call.
  [[nodiscard]] bool is_libcs() const {
    if (is_known_libcs()) [[likely]] {
      return true;
    }
    return exists() && is_known_libcs(); // it may be that nobody has looked
  }

  template <class... Args>
  auto operator()(Args... args) const {
    return get()(args...);
  }

  [[nodiscard]] Function* get() const { return reinterpret_cast<Function*>(find(Name.text, kHash)); }
  [[nodiscard]] static constexpr const char* name() { return Name.text; }

private:
  static constexpr std::uint32_t kHash = symbol_hash(Name.text);
};

} // namespace daxemu::preload

// DAXEMU_REAL(close, int(int)) defines real_close.
#define DAXEMU_REAL(name, ...)                                                                                         \
  constinit ::daxemu::preload::Real<#name, __VA_ARGS__> real_##name {}
