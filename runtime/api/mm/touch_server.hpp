// Lets the processor's own touches of mappings come to us: a userfaultfd and the thread that answers it. Where the
// machine allows none, the kernel serves touches and nobody hears of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "emu/base/kernel/unique_fd.hpp"
#include "runtime/fault/touches/uffd_calls.hpp"

namespace daxemu::api {

// One touch that waits for its answer.
struct Touch {
  std::uint64_t address = 0;
  bool write = false;
  bool missing = false; // no page in the page cache
};

class TouchServer {
public:
  // `serve` runs on the thread of ours; it makes the page present or puts something else there, and wakes who waits.
  // False: it cannot be said yet, ask again soon.
  explicit TouchServer(std::function<bool(const Touch&)> serve) : serve_(std::move(serve)) {}
  ~TouchServer();
  TouchServer(const TouchServer&) = delete;
  TouchServer& operator=(const TouchServer&) = delete;

  // Starts, unless it runs or cannot. Again: nothing. Under the writers' lock of who calls.
  void start();
  // Do touches come to us? Not in a forked child: the userfaultfd is its parent's.
  [[nodiscard]] bool serves() const;
  // "handler", "handler (user mode only)": system calls into an untouched extent are EFAULT, or why not.
  [[nodiscard]] const std::string& engine() const { return engine_; }
  [[nodiscard]] const fault::UffdCalls& uffd() const { return uffd_; }

private:
  void run();
  // Touches read, or -1: the userfaultfd is gone.
  int read_some(std::vector<Touch>& waiting);

  std::function<bool(const Touch&)> serve_;
  UniqueFd fd_;
  UniqueFd stop_; // an eventfd: written when the thread is to end
  fault::UffdCalls uffd_;
  std::string engine_ = "not started";
  bool tried_ = false;
  std::atomic<pid_t> owner_{0};
  std::thread thread_;
};

} // namespace daxemu::api
