// The next definition of an interposed function (libc's, or that of another preloaded library): a typed pointer that is
// looked up once. Constant-initialised, so it works before any constructor has run.
#pragma once

#include <atomic>
#include <utility>

#include <dlfcn.h>

namespace daxemu::preload {

class RealSymbol {
public:
  constexpr explicit RealSymbol(const char* name) : name_(name) {}

  void* find() const {
    void* found = next_.load(std::memory_order_acquire);
    if (found == nullptr) {
      found = dlsym(RTLD_NEXT, name_);
      next_.store(found, std::memory_order_release);
    }
    return found;
  }

  // Is it the C library's own, so that the system call it stands for may be made in its place? Another preloaded
  // library or a sanitizer's runtime wants to see the call. False until compare() has been asked.
  [[nodiscard]] bool is_libcs() const { return libcs_.load(std::memory_order_relaxed); }
  void compare(void* libc) const {
    libcs_.store(find() != nullptr && dlsym(libc, name_) == find(), std::memory_order_relaxed);
  }

private:
  const char* name_;
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

// DAXEMU_REAL(close, int(int)) defines real_close, and lists it among those that are looked up when the library is
// loaded: dlsym() takes locks, which a signal handler or a vforked child must not wait for.
// clang-format off
#define DAXEMU_REAL(name, ...)                                                                                         \
  constinit ::daxemu::preload::Real<__VA_ARGS__> real_##name{#name};                                                   \
  __attribute__((section("daxemu_reals"), used)) constinit const ::daxemu::preload::RealSymbol* const                  \
      listed_##name = &real_##name
// As well, and its is_libcs() is found out by then.
#define DAXEMU_DIRECT_REAL(name, ...)                                                                                  \
  DAXEMU_REAL(name, __VA_ARGS__);                                                                                      \
  __attribute__((section("daxemu_direct"), used)) constinit const ::daxemu::preload::RealSymbol* const                 \
      compared_##name = &real_##name
// clang-format on
