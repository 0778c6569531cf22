#include "runtime/cli/images/background_sync.hpp"

#include <csignal>

#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {

BackgroundSync::BackgroundSync(const store::Store& store, std::chrono::seconds interval)
    : store_(store), needed_(has_image(store)) {
  if (!needed_ || interval.count() == 0) {
    return;
  }
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread
  repeated_.emplace(store);                      // before a program maps the device
  thread_ = std::thread([this, interval] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, interval, [this] { return stopping_; })) {
      if (auto done = repeated_->again(); !done) {
        complain(done.error()); // and try again: the disk may have room by then
      }
    }
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void BackgroundSync::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

Outcome<void> BackgroundSync::finish() {
  stop();
  if (!needed_) {
    return {};
  }
  auto done = write_back(store_, progress_line("written back"));
  if (!done) {
    return tl::unexpected(done.error());
  }
  return {};
}

} // namespace daxemu::cli
