#include "runtime/supervise/crew.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include <poll.h>
#include <sched.h>
#include <unistd.h>

namespace daxemu::supervise {
namespace {

// Has this thread left its place to another while it answered?
thread_local bool left_place = false;

bool a_call_has_come(int fd, int stop) {
  std::array<pollfd, 2> waits{pollfd{fd, POLLIN, 0}, pollfd{stop, POLLIN, 0}};
  while (true) {
    const int ready = ::poll(waits.data(), waits.size(), -1);
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    return ready > 0 && waits[1].revents == 0 &&
           (waits[0].revents & POLLIN) != 0; // POLLHUP: the last program has ended
  }
}

} // namespace

void Crew::run(const std::shared_ptr<void>& keep, std::function<void(const Call&)> answer) {
  keep_ = keep;
  answer_ = std::move(answer);
  take_calls(keep);
}

void Crew::take_calls(const std::shared_ptr<void>& /*keep*/) {
  // A working directory of this thread's own: Answers::change_directory tries others.
  if (::unshare(CLONE_FS) != 0 || ::chdir("/") != 0) {
    return;
  }
  std::unique_lock guard(lock_);
  while (true) {
    ++idle_;
    changed_.wait(guard, [this] { return ends_ || !awaited_; });
    --idle_;
    if (ends_) {
      --threads_;
      return;
    }
    awaited_ = true;
    guard.unlock();
    take_some();
    guard.lock();
  }
}

// Until there are no more, or this thread has stepped aside.
void Crew::take_some() {
  left_place = false;
  const bool wakes = Listener::wakes_at_the_end();
  for (bool fine = wakes; !left_place;) {
    if (!fine && !a_call_has_come(listener_.fd(), stop_)) {
      const std::scoped_lock guard(lock_);
      ends_ = true;
      changed_.notify_all();
      return;
    }
    const auto call = listener_.receive();
    fine = wakes && call;
    if (call) {
      const std::scoped_lock turn(turn_);
      answer_(*call);
    }
  }
}

void Crew::step_aside(FunctionRef<void()> work) {
  if (!left_place) {
    left_place = true;
    const std::scoped_lock guard(lock_);
    awaited_ = false;
    have_another();
  }
  turn_.unlock();
  work();
  turn_.lock();
}

// Under the lock. If no thread is to be had, calls wait until one comes back.
void Crew::have_another() {
  if (idle_ > 0 || threads_ >= kMostThreads) {
    changed_.notify_one();
    return;
  }
  try {
    std::thread([this, keep = keep_.lock()] { take_calls(keep); }).detach();
    ++threads_;
  } catch (const std::system_error&) {
    return;
  }
}

} // namespace daxemu::supervise
