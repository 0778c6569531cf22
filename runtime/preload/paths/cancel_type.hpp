// A system call that another thread may cancel (pthread_cancel(3)), made in the C library's place: as the C library
// made it itself until 2.40, cancelled asynchronously for as long as the call takes. No function of the C library has
// to return behind the system call, then, when the processor has forgotten where to (direct_call.hpp).
#pragma once

#include <atomic>

#include <pthread.h>

#include "runtime/preload/ground/plain_calls.hpp"

namespace daxemu::preload {

class CancelType {
public:
  // pthread_setcanceltype(3); nullptr: the call is the C library's to make. 2.41 and newer never cancel a call that
  // has been made (a descriptor would be lost), which nobody else can promise; and another library may want to see
  // what is set.
  [[nodiscard, gnu::always_inline]] static CancelTypeSetter* setter() noexcept {
    CancelTypeSetter* const known = PlainCalls::cancel_type_setter();
    return known != nullptr || asked_.load(std::memory_order_relaxed) ? known : find();
  }

private:
  static CancelTypeSetter* find() noexcept; // out of line: once

  static std::atomic<bool> asked_;
};

// `call` (of no arguments, returning what the kernel says), between the two.
template <class Call>
[[gnu::always_inline]] inline long call_cancellably(CancelTypeSetter* set, Call call) {
  int type = 0;
  (void)set(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
  const long answer = call();
  (void)set(type, nullptr);
  return answer;
}

} // namespace daxemu::preload
