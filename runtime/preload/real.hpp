// The next definition of an interposed function (libc's, or that of another preloaded library): a typed pointer that is
// looked up once, when first called. Constant-initialised, so it works before any constructor has run.
#pragma once

#include <atomic>
#include <utility>

#include <dlfcn.h>

namespace daxemu::preload {

template <class Function>
class Real {
public:
  constexpr explicit Real(const char* name) : name_(name) {}

  // Is there one? (old and new glibc differ in __xstat and the like)
  [[nodiscard]] bool exists() const { return get() != nullptr; }

  template <class... Args>
  auto operator()(Args... args) const {
    return get()(args...);
  }

  [[nodiscard]] Function* get() const {
    void* found = next_.load(std::memory_order_acquire);
    if (found == nullptr) {
      found = dlsym(RTLD_NEXT, name_);
      next_.store(found, std::memory_order_release);
    }
    return reinterpret_cast<Function*>(found);
  }

private:
  const char* name_;
  mutable std::atomic<void*> next_{nullptr};
};

} // namespace daxemu::preload

// DAXEMU_REAL(close, int(int)) defines real_close.
#define DAXEMU_REAL(name, ...)                                                                                         \
  constinit ::daxemu::preload::Real<__VA_ARGS__> real_##name {                                                         \
#name                                                                                                              \
  }
