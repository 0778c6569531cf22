// Writes an ephemeral or joined platform back to its images while a command runs on it, and when it has ended.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/cli/images/image_platform.hpp"

namespace daxemu::cli {

class BackgroundSync {
public:
  // Writes back every `interval`; 0: only at finish(). A platform without an image needs none of it. The thread blocks
  // all signals: they are the command's.
  BackgroundSync(const store::Store& store, std::chrono::seconds interval);
  BackgroundSync(const BackgroundSync&) = delete;
  BackgroundSync& operator=(const BackgroundSync&) = delete;
  ~BackgroundSync() { stop(); }

  // The last write-back. Errors (Problem): those of write_back.
  [[nodiscard]] Outcome<void> finish();

private:
  void stop();

  const store::Store& store_;
  bool needed_;
  std::optional<RepeatedWriteBack> repeated_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace daxemu::cli
