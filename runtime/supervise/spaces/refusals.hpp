// Touches that the driver refuses, in other processes: the thread that touched is told by SIGBUS, a system call that
// did by EFAULT. In a thread of its own, for the program's thread has to be stopped for that, which may take its time.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/fault/process/poison_hit.hpp"
#include "runtime/supervise/spaces/space.hpp"

namespace daxemu::supervise {

struct Refusal {
  std::shared_ptr<Space> space;
  pid_t thread = 0; // as it calls itself
  std::uint64_t address = 0;
  std::uint64_t unit = 0;  // bytes of a page there
  fault::PoisonHit failed; // its memory has failed; no address: there is nothing behind the mapping
};

class Refusals {
public:
  explicit Refusals(const Devices& devices) : devices_(devices) {}
  Refusals(const Refusals&) = delete;
  Refusals& operator=(const Refusals&) = delete;
  ~Refusals();

  void add(Refusal refusal);

  // Held by whoever serves touches while he has read of some and not yet dealt with all.
  [[nodiscard]] std::mutex& serving() { return serving_; }

private:
  void run();
  void carry_out(const Refusal& refusal);
  void fail_call(const Refusal& refusal, pid_t thread);
  void drop_others(const Refusal& refusal);

  const Devices& devices_;
  std::mutex serving_;
  std::mutex lock_; // of what follows
  std::condition_variable changed_;
  std::deque<Refusal> waiting_;
  const Refusal* failing_ = nullptr; // whose thread may tell us of the same fault again and again
  bool ends_ = false;
  std::thread thread_;
  // The last one whose thread was found running: a call that a signal is pending for does not sleep in its fault.
  pid_t runs_ = 0;
  int times_ = 0;
};

} // namespace daxemu::supervise
