#include "runtime/supervise/spaces/refusals.hpp"

#include <charconv>
#include <csignal>
#include <ctime>
#include <optional>
#include <string>
#include <system_error>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/own_call.hpp"
#include "runtime/supervise/spaces/target.hpp"
#include "runtime/supervise/spaces/tracee.hpp"

#ifndef BUS_MCEERR_AR
#define BUS_MCEERR_AR 4
#endif

namespace daxemu::supervise {
namespace {

constexpr int kStopPatienceMs = 100;
constexpr int kLooks = 5;
constexpr int kMostTimes = 3;

// What /proc/TID/syscall says of a thread.
struct Where {
  enum Kind { gone, running, in_call, in_program } kind = gone;
  std::uint64_t stack = 0;       // in_program
  std::uint64_t instruction = 0; // in_program: that touched
};

std::uint64_t hex_behind(std::string_view text, std::size_t& at) {
  at = text.find("0x", at);
  std::uint64_t value = 0;
  if (at != std::string_view::npos) {
    at += 2;
    (void)std::from_chars(text.data() + at, text.data() + text.size(), value, 16);
  }
  return value;
}

Where where_is(pid_t thread) {
  const Target target(thread);
  if (target.process() == ::getpid()) { // we, reading or writing its memory
    return {Where::in_call};
  }
  const std::string text = target.proc_file("syscall");
  if (text.empty()) {
    return {Where::gone};
  }
  if (text.starts_with("running")) {
    return {Where::running};
  }
  if (!text.starts_with("-1")) {
    return {Where::in_call};
  }
  std::size_t at = 0;
  const std::uint64_t stack = hex_behind(text, at);
  return {Where::in_program, stack, hex_behind(text, at)};
}

// Its fault is one that signals interrupt (FAULT_FLAG_INTERRUPTIBLE): it is back in the program, at the instruction
// that touched, when it stops.
bool send_signal(const Refusal& refusal, pid_t thread, const Where& where) {
  bool sent = false;
  on_a_tracers_thread([&] {
    auto tracee = Tracee::seize(thread);
    if (!tracee || !tracee->await_stop(kStopPatienceMs)) {
      return;
    }
    sent = true; // or it is somewhere else by now, and touches again
    if (tracee->registers().rip != where.instruction || tracee->registers().rsp != where.stack) {
      return;
    }
    siginfo_t told{};
    told.si_signo = SIGBUS;
    told.si_code = BUS_ADRERR;
    told.si_addr = reinterpret_cast<void*>(refusal.address);
    if (refusal.failed.address != nullptr) {
      told.si_code = BUS_MCEERR_AR;
      told.si_addr = refusal.failed.address;
      told.si_addr_lsb = refusal.failed.lsb;
    }
    tracee->deliver(told);
  });
  return sent;
}

} // namespace

Refusals::~Refusals() {
  {
    const std::scoped_lock guard(lock_);
    ends_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Refusals::add(Refusal refusal) {
  const std::scoped_lock guard(lock_);
  if (failing_ != nullptr && failing_->space == refusal.space && failing_->thread == refusal.thread) {
    return;
  }
  waiting_.push_back(std::move(refusal));
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) { // the next one tries again; until then they wait
      return;
    }
  }
  changed_.notify_one();
}

void Refusals::run() {
  std::unique_lock guard(lock_);
  while (true) {
    changed_.wait(guard, [this] { return ends_ || !waiting_.empty(); });
    if (ends_) {
      return;
    }
    const Refusal refusal = std::move(waiting_.front());
    waiting_.pop_front();
    guard.unlock();
    carry_out(refusal);
    guard.lock();
  }
}

void Refusals::carry_out(const Refusal& refusal) {
  constexpr timespec kMoment{0, 100'000};
  const pid_t thread = thread_here(refusal.thread, devices_, refusal.address);
  Where where = thread == 0 ? Where{} : where_is(thread);
  for (int look = 1; look < kLooks && where.kind == Where::running; ++look) { // it has not gone to sleep yet
    (void)sys::call(SYS_nanosleep, reinterpret_cast<long>(&kMoment), 0);
    where = where_is(thread);
  }
  times_ = where.kind == Where::running && runs_ == thread ? times_ + 1 : 0;
  runs_ = thread;
  if (where.kind == Where::running && times_ < kMostTimes) { // interrupted: if it touches again, we are told again
    refusal.space->calls().wake(align_down(refusal.address, refusal.unit), refusal.unit);
    return;
  }
  if (where.kind == Where::in_program && send_signal(refusal, thread, where)) {
    return;
  }
  fail_call(refusal, thread);
}

// In a system call the fault is not interrupted: the page is marked as one that has failed. The thread is to stop on
// its way back, where it takes the mark away; until then it does not sleep in its fault, and tells us of it many times.
void Refusals::fail_call(const Refusal& refusal, pid_t thread) {
  const std::uint64_t start = align_down(refusal.address, refusal.unit);
  {
    const std::scoped_lock guard(lock_);
    failing_ = &refusal;
  }
  on_a_tracers_thread([&] {
    const bool is_ours = thread == 0 || Target(thread).process() == ::getpid();
    auto tracee = is_ours ? Result<Tracee>(fail(ESRCH)) : Tracee::seize(thread);
    if (!refusal.space->calls().poison(start, refusal.unit)) {
      (void)fault::Resolver::leave_to_kernel(refusal.space->calls(), refusal.address); // before Linux 6.6
    }
    if (tracee && tracee->await_stop(kStopPatienceMs)) {
      (void)tracee->make(SYS_madvise, {start, refusal.unit, MADV_DONTNEED, 0, 0, kOwnCall});
    } else {
      refusal.space->note_marks();
    }
    drop_others(refusal); // before it goes on
  });
  const std::scoped_lock guard(lock_);
  failing_ = nullptr;
}

void Refusals::drop_others(const Refusal& refusal) {
  const std::scoped_lock all_are_added(serving_);
  const std::scoped_lock guard(lock_);
  std::erase_if(waiting_,
                [&](const Refusal& one) { return one.space == refusal.space && one.thread == refusal.thread; });
  failing_ = nullptr;
}

} // namespace daxemu::supervise
