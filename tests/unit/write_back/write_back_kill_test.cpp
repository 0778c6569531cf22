// A process killed while it writes back: whenever that was, the image opens, and each extent is one of the two versions
// it may be, whole.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/mapping.hpp"
#include "runtime/fault/write_back/write_back.hpp"

namespace daxemu::fault {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kExtent = 256 << 10;

struct Device {
  const char* name;
  std::uint64_t extents;
  int kills; // DAXEMU_KILLS for more
};
void PrintTo(const Device& row, std::ostream* out) {
  *out << row.name;
}

struct Shared {
  std::atomic<std::uint64_t> durable{0}; // the last version whose write-back has returned
  std::atomic<std::uint64_t> rounds{0};
};

UniqueFd memory(std::uint64_t length) {
  backing::MemfdSource source;
  auto file = source.make("killed", kPageSize);
  EXPECT_TRUE(file && sys::ftruncate(file->fd.get(), length));
  return std::move(file->fd);
}

void fill(std::span<std::byte> bytes, std::uint64_t version) {
  auto* words = reinterpret_cast<std::uint64_t*>(bytes.data());
  std::fill(words, words + bytes.size() / sizeof(std::uint64_t), version * 0x9e3779b97f4a7c15ULL);
}

[[noreturn]] void write_back_until_killed(const std::string& path, int bytes, mm::FolioTable& folios, Shared& shared,
                                          std::uint64_t rounds) {
  auto image = backing::Image::open(path, backing::Image::Access::read_write);
  auto window = Mapping::of(bytes, folios.size() * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!image || !window) {
    ::_exit(3);
  }
  for (std::uint64_t version = shared.durable.load() + 1;; ++version) {
    fill(window->bytes(), version);
    for (std::uint64_t at = 0; at < folios.size(); ++at) {
      folios[ExtentIndex(at)].flags.fetch_or(mm::kFolioTouched);
    }
    if (!WriteBack(*image, path, bytes, folios).run()) {
      ::_exit(4);
    }
    shared.durable.store(version);
    if (shared.rounds.fetch_add(1) + 1 >= rounds) {
      ::_exit(0);
    }
  }
}

class WriteBackKilled : public ::testing::TestWithParam<Device> {};

TEST_P(WriteBackKilled, EveryReopenVerifies) {
  const std::uint64_t extents = GetParam().extents;
  const std::string path = (fs::current_path() / ("write-back-kill-" + std::to_string(::getpid()))).string();
  fs::remove(path);
  ASSERT_TRUE(backing::Image::create(path, extents * kExtent, kExtent).has_value());
  const UniqueFd bytes = memory(extents * kExtent);
  const UniqueFd records = memory(mm::FolioTable::file_size(extents));
  mm::FolioTable folios = std::move(*mm::FolioTable::map(records.get(), extents));
  void* at = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(at, MAP_FAILED);
  auto& shared = *new (at) Shared;
  const char* more = std::getenv("DAXEMU_KILLS");
  const int kills = more != nullptr ? std::atoi(more) : GetParam().kills;
  std::mt19937 random(7);
  std::vector<std::byte> extent(kExtent);
  std::vector<std::byte> expected(kExtent);
  int in_the_middle = 0;
  const auto begun = std::chrono::steady_clock::now();
  if (const pid_t child = ::fork(); child == 0) { // how long a write-back takes here and now
    write_back_until_killed(path, bytes.get(), folios, shared, 1);
  } else {
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  }
  ASSERT_EQ(shared.rounds.load(), 1U);
  const auto once = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun);
  for (int kill = 0; kill < kills; ++kill) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      write_back_until_killed(path, bytes.get(), folios, shared, UINT64_MAX);
    }
    std::this_thread::sleep_for(once * (random() % 1000) / 500);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "write-back fails: " << WEXITSTATUS(status);
    const auto image = backing::Image::open(path, backing::Image::Access::read_only);
    ASSERT_TRUE(image.has_value()) << image.error().what;
    ASSERT_TRUE(image->damaged().empty());
    const std::uint64_t durable = shared.durable.load();
    bool newer = false;
    for (std::uint64_t one = 0; one < extents; ++one) {
      ASSERT_TRUE(image->read(ExtentIndex(one), extent)) << "extent " << one << " after kill " << kill;
      fill(expected, durable + 1);
      const bool is_next = extent == expected;
      fill(expected, durable);
      ASSERT_TRUE(is_next || extent == expected)
          << "extent " << one << " is neither version " << durable << " nor the next";
      newer = newer || is_next;
    }
    in_the_middle += newer ? 1 : 0;
  }
  RecordProperty("kills_after_a_commit_had_begun", in_the_middle);
  EXPECT_GT(shared.rounds.load() + static_cast<std::uint64_t>(in_the_middle), 1U) << "this showed little";
  ::munmap(at, sizeof(Shared));
  fs::remove(path);
}

INSTANTIATE_TEST_SUITE_P(Devices, WriteBackKilled,
                         ::testing::Values(Device{"OneThread", 6, 100}, Device{"TwoThreads", 40, 40}),
                         [](const auto& device) { return device.param.name; });

} // namespace
} // namespace daxemu::fault
