// Some work in a thread of its own, beside what the caller goes on with; waited for at the end. Where there is no
// thread to be had (RLIMIT_NPROC), the caller is alone: it is for work that is shared, not handed over.
#pragma once

#include <optional>

#include <pthread.h>

#include "emu/base/function_ref.hpp"
#include "runtime/fault/process/signals_blocked.hpp"

namespace daxemu::fault {

class Beside {
public:
  // `work` is borrowed. No signal of the process is handled there.
  explicit Beside(FunctionRef<void()>& work) {
    const SignalsBlocked quiet; // which the new thread inherits
    pthread_t made{};
    const auto enter = [](void* given) -> void* {
      (*static_cast<FunctionRef<void()>*>(given))();
      return nullptr;
    };
    if (::pthread_create(&made, nullptr, enter, &work) == 0) {
      thread_ = made;
    }
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() {
    if (thread_) {
      (void)::pthread_join(*thread_, nullptr);
    }
  }

private:
  std::optional<pthread_t> thread_;
};

} // namespace daxemu::fault
