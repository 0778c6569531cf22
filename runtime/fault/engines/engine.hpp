// Which way first touches are resolved in this process, and the threads for it. Started with the first mapping.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "emu/store/records/records.hpp"
#include "runtime/fault/engines/event_wait.hpp"
#include "runtime/fault/touches/fault_server.hpp"
#include "runtime/fault/touches/userfaultfd.hpp"

namespace daxemu::fault {

class Engine {
public:
  explicit Engine(FaultServer& server) : server_(server) {}

  // Makes `wanted` work, or the best that can be had here; `automatic` is handler where a userfaultfd that serves
  // kernel-mode faults can be had, else populate; who watches the process may decide otherwise (overseer.hpp). `exact`:
  // each first touch is to be a fault of its own. Again: nothing. Under the table's lock.
  void start(store::EngineKind wanted, bool exact, const store::CpuMask& cpus);
  // automatic: not started.
  [[nodiscard]] store::EngineKind kind() const { return kind_.load(std::memory_order_acquire); }

  // Is a touch of a fresh extent by a system call EFAULT in this process, because its engine never hears of it?
  [[nodiscard]] static bool misses_kernel_touches() { return misses_kernel_touches_.load(std::memory_order_relaxed); }

  // Faults of [start, start + length), where `view` is mapped, come to this engine. False: the kernel serves them
  // (populate, or it refused).
  bool watch(const DeviceView& view, std::uint64_t start, std::uint64_t length);

  // Its thread runs code that needs a thread of the C library. Before start().
  void run_library_code() { library_code_ = true; }

  // In a forked child: the userfaultfd is the parent's address space's, the thread stayed there.
  void abandon();

private:
  [[nodiscard]] bool start_handler(bool user_mode_only, const store::CpuMask& cpus);
  [[nodiscard]] bool start_inline();
  [[nodiscard]] bool keep(Uffd uffd);
  static void handle(void* self) noexcept;

  static std::atomic<bool> misses_kernel_touches_;

  FaultServer& server_;
  std::atomic<store::EngineKind> kind_{store::EngineKind::automatic};
  std::optional<store::EngineKind> chosen_; // at the first start(); guarded by the table's lock
  EventWait events_;
  void* stack_ = nullptr;
  bool library_code_ = false;
};

} // namespace daxemu::fault
