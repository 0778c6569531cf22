// A reader-writer lock for what is read by many threads at once and seldom written: each reader counts itself in a
// cache line that is its own, so that readers do not wait for each other's caches. As with the C library's, whoever
// reads may read again while a writer waits.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <sched.h>
#include <unistd.h>

namespace daxemu::api {

// The number of the calling thread, from 0 on: which of several lines it counts in.
[[nodiscard]] inline std::size_t reader_number() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

// std::shared_mutex in what is asked of it here.
class MmapLock {
public:
  void lock_shared() {
    std::atomic<std::uint64_t>& mine = readers_[reader_number() % kStripes].count;
    while (true) {
      mine.fetch_add(1, std::memory_order_seq_cst); // before the writer is looked for
      if (writing_.load(std::memory_order_seq_cst) == 0) {
        return;
      }
      mine.fetch_sub(1, std::memory_order_release);
      writing_.wait(1, std::memory_order_acquire);
    }
  }
  // In the thread that has locked it.
  void unlock_shared() { readers_[reader_number() % kStripes].count.fetch_sub(1, std::memory_order_release); }

  void lock() {
    writers_.lock();
    for (unsigned round = 1;; ++round) {
      writing_.store(1, std::memory_order_seq_cst); // before readers are looked for
      // Whoever comes now waits, so that those who are there are soon gone; unless one of them is about to read again.
      for (int look = 0; look < kLooks; ++look) {
        if (nobody_reads()) {
          return;
        }
      }
      end_writing();
      if (round % kYields != 0) {
        ::sched_yield();
      } else {
        ::usleep(kRest); // a reader of lower priority has no turn while we only yield (SCHED_FIFO)
      }
    }
  }
  void unlock() {
    end_writing();
    writers_.unlock();
  }

private:
  [[nodiscard]] bool nobody_reads() const {
    return std::all_of(readers_.begin(), readers_.end(),
                       [](const Readers& one) { return one.count.load(std::memory_order_seq_cst) == 0; });
  }
  void end_writing() {
    writing_.store(0, std::memory_order_release);
    writing_.notify_all();
  }

  struct alignas(64) Readers {
    std::atomic<std::uint64_t> count{0};
  };
  static constexpr std::size_t kStripes = 16; // threads spread over them
  static constexpr int kLooks = 500;          // some microseconds
  static constexpr unsigned kYields = 16;
  static constexpr unsigned kRest = 100; // us
  std::array<Readers, kStripes> readers_;
  alignas(64) std::atomic<std::uint32_t> writing_{0};
  std::mutex writers_; // one at a time
};

} // namespace daxemu::api
