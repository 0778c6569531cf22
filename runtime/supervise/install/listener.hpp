// The supervisor's end of the filter: calls that wait for an answer.
#pragma once

#include <cstdint>

#include <linux/seccomp.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "runtime/supervise/spaces/in_hand.hpp"

namespace daxemu::supervise {

// A call that waits.
struct Call {
  std::uint64_t id = 0;
  int thread = 0; // that made it
  int number = 0;
  std::uint64_t word[6] = {};
};

class Listener {
public:
  explicit Listener(UniqueFd fd, InHand in_hand = {});
  [[nodiscard]] int fd() const { return fd_.get(); }

  // The threads whose calls were received and not yet answered.
  [[nodiscard]] const InHand& in_hand() const { return in_hand_; }

  // Does receive() return when the last program has ended (recv_wait_event(), Linux 6.11)? Else it may be waited for
  // with poll(2) only, a system call more for each.
  [[nodiscard]] static bool wakes_at_the_end();
  // The next call. Errors: ENOENT (it was interrupted, or its thread was killed), EINTR; others: there will be none.
  [[nodiscard]] Result<Call> receive() const;
  // Does it still wait? What was read of the program before that is the caller's, and of nobody who has its number now.
  [[nodiscard]] bool waits(const Call& call) const;

  // It is not answered: nobody waits for that.
  void forget(const Call& call) const { in_hand_.remove(call.thread); }

  // Each answers a call; one that no longer waits is no error.
  void go_on(const Call& call) const;
  void answer(const Call& call, const Result<long>& result) const;
  // Puts `fd` into the program, at `number` (over what is there) or the lowest free one, and answers with that.
  // Errors: EMFILE, EBADF (no such number is allowed).
  Result<int> answer_with(const Call& call, int fd, int number, bool close_on_exec) const;
  // The same without an answer.
  Result<int> put(const Call& call, int fd, bool close_on_exec) const;

private:
  [[nodiscard]] Result<int> add(const Call& call, int fd, int number, bool close_on_exec, std::uint32_t flags) const;

  UniqueFd fd_;
  mutable InHand in_hand_;
};

} // namespace daxemu::supervise
