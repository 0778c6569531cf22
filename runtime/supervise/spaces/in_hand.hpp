// The program's threads whose calls we have taken and not yet answered: they cannot be stopped meanwhile. In memory
// that processes share, so that whoever is left when the supervisor is killed knows whom it owed an answer.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <sys/mman.h>
#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "emu/base/kernel/mapping.hpp"

namespace daxemu::supervise {

class InHand {
public:
  InHand() {
    if (auto memory = Mapping::of(-1, sizeof(Table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0); memory) {
      memory_ = std::move(*memory);
    }
  }

  // More than there is room for, which is more than we have threads, are not noted.
  void add(pid_t thread, std::uint64_t call) {
    if (memory_.data() != nullptr) {
      std::uint64_t before = table().latest.load();
      while (static_cast<std::int64_t>(call - before) > 0 && !table().latest.compare_exchange_weak(before, call)) {
      }
    }
    replace(0, thread);
  }
  void remove(pid_t thread) { replace(thread, 0); }
  [[nodiscard]] bool has(pid_t thread) const {
    bool found = false;
    each([&](pid_t one) { found = found || one == thread; });
    return found;
  }
  // The last call that was noted. The kernel counts them, from a random number on (seccomp_next_notify_id()); 0: none.
  [[nodiscard]] std::uint64_t latest() const { return memory_.data() == nullptr ? 0 : table().latest.load(); }
  void each(FunctionRef<void(pid_t)> visit) const {
    for (std::size_t at = 0; memory_.data() != nullptr && at < table().threads.size(); ++at) {
      if (const pid_t thread = table().threads[at].load(); thread != 0) {
        visit(thread);
      }
    }
  }

private:
  struct Table {
    std::atomic<std::uint64_t> latest{0};
    std::array<std::atomic<pid_t>, 256> threads{};
  };
  [[nodiscard]] Table& table() const { return *static_cast<Table*>(memory_.data()); }
  void replace(pid_t before, pid_t now) {
    for (std::size_t at = 0; memory_.data() != nullptr && at < table().threads.size(); ++at) {
      pid_t is = before;
      if (table().threads[at].compare_exchange_strong(is, now)) {
        return;
      }
    }
  }
  Mapping memory_;
};

} // namespace daxemu::supervise
