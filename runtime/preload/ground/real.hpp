// The next definition of an interposed function (libc's, or that of another preloaded library): a typed pointer that is
// looked up when it is first wanted. That takes no lock and no memory, so it may be in a signal handler or a vforked
// child. Constant-initialised, so it works before any constructor has run; and all zero: the name is part of the type,
// so that the loader has no address to write into it, in a page that no other process then shares.
#pragma once

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "emu/base/program/at_start.hpp"
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
  [[nodiscard]] bool is_known_libcs() const { return (next_.load(std::memory_order_relaxed) & kLibcs) != 0; }

protected:
  [[nodiscard]] void* known_address() const { return address_in(next_.load(std::memory_order_acquire)); }
  void* find(const char* name, std::uint32_t hash) const {
    const std::uintptr_t found = next_.load(std::memory_order_acquire);
    return found != 0 ? address_in(found) : look(name, hash);
  }

private:
  // Beside the address, where no program has one: all of these are to fit in one page of what a program writes to.
  static constexpr std::uintptr_t kLibcs = std::uintptr_t{1} << (sizeof(std::uintptr_t) * CHAR_BIT - 1);

  static void* address_in(std::uintptr_t found) { return reinterpret_cast<void*>(found & ~kLibcs); } // NOLINT
  void* look(const char* name, std::uint32_t hash) const; // out of line: once

  mutable std::atomic<std::uintptr_t> next_{0};
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

  // The same, where it has been looked up: one load. Else nullptr.
  [[nodiscard]] Function* known() const { return reinterpret_cast<Function*>(known_address()); }

  [[nodiscard]] Function* get() const { return reinterpret_cast<Function*>(find(Name.text, kHash)); }
  [[nodiscard]] static constexpr const char* name() { return Name.text; }

private:
  static constexpr std::uint32_t kHash = symbol_hash(Name.text);
};

} // namespace daxemu::preload

// DAXEMU_REAL(close, int(int)) defines real_close.
#define DAXEMU_REAL(name, ...)                                                                                         \
  DAXEMU_OFTEN constinit ::daxemu::preload::Real<#name, __VA_ARGS__> real_##name {}
