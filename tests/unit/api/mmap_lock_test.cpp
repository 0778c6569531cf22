// The lock of a process's mappings: writers alone, readers together, and a reader that reads again while a writer
// waits.
#include "runtime/api/mm/mmap_lock.hpp"

#include <shared_mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace daxemu::api {
namespace {

TEST(MmapLock, WritersAreAlone) {
  MmapLock lock;
  std::uint64_t one = 0; // both are the same whenever somebody may look
  std::uint64_t other = 0;
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  constexpr int kTimes = 2'000;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int at = 0; at < kTimes; ++at) {
        {
          const std::shared_lock reading(lock);
          torn += one == other ? 0 : 1;
        }
        const std::unique_lock writing(lock);
        ++one;
        ++other;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(one, 4U * kTimes);
  EXPECT_EQ(other, one);
}

TEST(MmapLock, WhoReadsMayReadAgainWhileAWriterWaits) {
  MmapLock lock;
  std::atomic<bool> waits{false};
  std::atomic<bool> written{false};
  lock.lock_shared();
  std::thread writer([&] {
    waits = true;
    lock.lock();
    written = true;
    lock.unlock();
  });
  while (!waits) {
  }
  for (int at = 0; at < 1'000; ++at) {
    lock.lock_shared();
    EXPECT_FALSE(written);
    lock.unlock_shared();
  }
  lock.unlock_shared();
  writer.join();
  EXPECT_TRUE(written);
}

TEST(MmapLock, AWriterComesToItBesideReadersWithoutEnd) {
  MmapLock lock;
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int thread = 0; thread < 3; ++thread) {
    readers.emplace_back([&] {
      while (!stop) {
        const std::shared_lock reading(lock);
      }
    });
  }
  for (int at = 0; at < 100; ++at) {
    const std::unique_lock writing(lock);
  }
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
}

TEST(MmapLock, ReadersAreThereTogether) {
  MmapLock lock;
  std::atomic<int> inside{0};
  const auto read = [&] {
    const std::shared_lock reading(lock);
    ++inside;
    while (inside < 2) { // for ever, if the other one were kept out
    }
  };
  std::thread other(read);
  read();
  other.join();
  EXPECT_EQ(inside, 2);
}

} // namespace
} // namespace daxemu::api
