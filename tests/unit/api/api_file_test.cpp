// Files on FS_DAX memory with real mappings: allocation, truncation, holes, against touches and pins.
#include <daxemu/file.hpp>
#include <daxemu/gtest.hpp>
#include <daxemu/sigbus.hpp>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

namespace {

using namespace std::chrono_literals;
using daxemu::signal_of;

constexpr std::uint64_t kBlock = 4096;

class Files : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    platform_.use();
    const std::string engine = daxemu_touch_engine(platform_.get());
    if (!engine.starts_with("handler")) {
      GTEST_SKIP() << "the processor's touches are not seen here: " << engine;
    }
    file_.emplace(device_);
  }
  static daxemu::DeviceOptions options() {
    daxemu::DeviceOptions options;
    options.size = 2U << 20;
    options.align = kBlock;
    options.type = "FS_DAX";
    options.mode = "emulate";
    return options;
  }
  template <class Body>
  static int errno_of(Body body) {
    try {
      body();
    } catch (const daxemu::Error& error) {
      return error.error();
    }
    return 0;
  }
  static int signal_at(const daxemu::Mapping& mapping, std::uint64_t offset) {
    return signal_of([&] { __atomic_store_n(mapping.bytes() + offset, 1, __ATOMIC_RELAXED); }).signal; // as threads do
  }
  // The device's page behind an address.
  static unsigned long pfn_at(const daxemu::Mapping& mapping, std::uint64_t offset) {
    const daxemu::Pin pin(mapping.bytes() + offset, 1, 0);
    return daxemu_page_to_pfn(pin.ranges()[0].page);
  }
  daxemu::Platform platform_{"files", GetParam()};
  daxemu::Device device_{platform_, options()};
  std::optional<daxemu::File> file_;
};

INSTANTIATE_TEST_SUITE_P(Kernels, Files, testing::ValuesIn(daxemu::kernels()), daxemu::KernelName());

TEST_P(Files, AreTheDevicesBytes) {
  file_->allocate(0, 4 * kBlock);
  EXPECT_EQ(file_->size(), 4 * kBlock);
  const auto mapping = file_->map(4 * kBlock);
  const auto other = file_->map(2 * kBlock, 2 * kBlock);
  std::memset(mapping.data(), 0x5a, 4 * kBlock);
  EXPECT_EQ(other.bytes()[2 * kBlock - 1], 0x5a);
  auto* page = daxemu_pfn_to_page(pfn_at(mapping, 3 * kBlock));
  EXPECT_EQ(static_cast<unsigned char*>(daxemu_page_address(page))[0], 0x5a);
  EXPECT_EQ(daxemu_folio_index(daxemu_page_folio(page)), 3U);
  EXPECT_NE(daxemu_folio_mapping(daxemu_page_folio(page)), 0U);
}

TEST_P(Files, TouchesBeyondTheEndAreSigbusUntilItGrows) {
  file_->allocate(0, kBlock);
  const auto mapping = file_->map(4 * kBlock);
  EXPECT_EQ(signal_at(mapping, 0), 0);
  EXPECT_EQ(signal_at(mapping, kBlock), SIGBUS);
  file_->allocate(kBlock, kBlock);
  EXPECT_EQ(signal_at(mapping, kBlock), 0);
  file_->truncate(4 * kBlock); // grows: a hole
  EXPECT_EQ(signal_at(mapping, 3 * kBlock), 0) << "allocated by the touch";
  EXPECT_EQ(mapping.bytes()[3 * kBlock + 1], 0);
}

TEST_P(Files, TruncationTakesThePagesOutOfMappings) {
  file_->allocate(0, 4 * kBlock);
  const auto mapping = file_->map(4 * kBlock);
  std::memset(mapping.data(), 1, 4 * kBlock);
  file_->truncate(2 * kBlock);
  EXPECT_EQ(signal_at(mapping, kBlock), 0);
  EXPECT_EQ(signal_at(mapping, 2 * kBlock), SIGBUS);
  EXPECT_EQ(errno_of([&] { daxemu::Pin(mapping.bytes() + 2 * kBlock, 1, 0); }), EFAULT);
  file_->allocate(2 * kBlock, 2 * kBlock);
  EXPECT_EQ(signal_of([&] { EXPECT_EQ(mapping.bytes()[2 * kBlock], 0) << "fresh blocks read as zeroes"; }).signal, 0);
}

TEST_P(Files, APunchedBlockIsAnotherExtentWithZeroes) {
  file_->allocate(0, 3 * kBlock);
  const daxemu::File second(device_);
  const auto mapping = file_->map(3 * kBlock);
  std::memset(mapping.data(), 1, 3 * kBlock);
  const unsigned long before = pfn_at(mapping, kBlock);
  file_->punch(kBlock, kBlock);
  second.allocate(0, kBlock); // takes the extent that became free
  EXPECT_EQ(mapping.bytes()[kBlock], 0);
  mapping.bytes()[kBlock] = 7;
  EXPECT_NE(pfn_at(mapping, kBlock), before);
  const auto others = second.map(kBlock);
  EXPECT_EQ(others.bytes()[0], 0) << "not the other file's store";
  EXPECT_EQ(pfn_at(others, 0), before);
  EXPECT_EQ(mapping.bytes()[0], 1);
  EXPECT_EQ(mapping.bytes()[2 * kBlock], 1);
}

TEST_P(Files, LongPinsAreRefused) {
  file_->allocate(0, kBlock);
  const auto mapping = file_->map(kBlock);
  EXPECT_EQ(errno_of([&] { daxemu::Pin(mapping.data(), 1, DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM); }), EOPNOTSUPP);
  EXPECT_EQ(daxemu::Pin(mapping.data(), 1, DAXEMU_FOLL_WRITE).nr_pages(), 1U);
}

TEST_P(Files, TruncationAgainstAPinFailsWithABound) {
  file_->allocate(0, 4 * kBlock);
  const auto mapping = file_->map(4 * kBlock);
  std::memset(mapping.data(), 3, 4 * kBlock);
  daxemu::Pin pin(mapping.bytes() + 3 * kBlock, 1, DAXEMU_FOLL_WRITE);
  EXPECT_EQ(errno_of([&] { file_->truncate(kBlock, 5); }), EBUSY);
  EXPECT_NE(std::string(daxemu_last_error()).find("block 3"), std::string::npos) << daxemu_last_error();
  EXPECT_EQ(file_->size(), 4 * kBlock) << "nothing was freed";
  EXPECT_EQ(mapping.bytes()[2 * kBlock], 3) << "unmapped for the look, and faulted in again";
  EXPECT_EQ(errno_of([&] { file_->punch(3 * kBlock, kBlock, 0); }), EBUSY);
  file_->punch(0, kBlock, 0); // another block is not held up
  pin.release(false);
  file_->truncate(kBlock, 0);
}

TEST_P(Files, TruncationWaitsForThePinAndTouchesGoOnMeanwhile) {
  file_->allocate(0, 4 * kBlock);
  const auto mapping = file_->map(4 * kBlock);
  std::memset(mapping.data(), 3, 4 * kBlock);
  auto pin = std::make_unique<daxemu::Pin>(mapping.bytes() + kBlock, 1, DAXEMU_FOLL_WRITE);
  std::atomic<bool> done{false};
  std::thread truncating([&] {
    platform_.use();
    file_->truncate(0);
    done = true;
  });
  for (int touch = 0; touch < 20; ++touch) {
    std::this_thread::sleep_for(1ms);
    ASSERT_EQ(signal_at(mapping, 2 * kBlock), 0) << "the lock is dropped while it waits (ext4_wait_dax_page)";
    ASSERT_FALSE(done);
  }
  pin.reset();
  truncating.join();
  EXPECT_EQ(signal_at(mapping, 2 * kBlock), SIGBUS);
  EXPECT_EQ(file_->size(), 0U);
}

TEST_P(Files, AFullDeviceIsENOSPCAndSigbus) {
  file_->allocate(0, device_.size());
  const daxemu::File second(device_);
  EXPECT_EQ(errno_of([&] { second.allocate(0, kBlock); }), ENOSPC);
  second.truncate(kBlock); // a hole
  const auto mapping = second.map(kBlock);
  EXPECT_EQ(signal_at(mapping, 0), SIGBUS);
}

TEST_P(Files, PoisonHitsTheFileThatHasTheExtent) {
  file_->allocate(0, 3 * kBlock);
  const auto mapping = file_->map(3 * kBlock);
  std::memset(mapping.data(), 1, 3 * kBlock);
  const unsigned long pfn = pfn_at(mapping, kBlock);
  device_.poison((pfn - device_.first_pfn()) << 12);
  const auto seen = signal_of([&] { mapping.bytes()[kBlock + 9] = 1; });
  EXPECT_EQ(seen.signal, SIGBUS);
  EXPECT_EQ(seen.code, BUS_MCEERR_AR);
  EXPECT_EQ(seen.address, mapping.bytes() + kBlock);
  EXPECT_EQ(seen.lsb, 12);
  EXPECT_EQ(errno_of([&] { daxemu::Pin(mapping.bytes() + kBlock, 1, 0); }), EHWPOISON);
  EXPECT_EQ(signal_at(mapping, 2 * kBlock), 0);
  device_.heal((pfn - device_.first_pfn()) << 12);
  EXPECT_EQ(signal_of([&] { EXPECT_EQ(mapping.bytes()[kBlock + 9], 0); }).signal, 0);
}

TEST_P(Files, UnlinkingWaitsForMappingsAndPins) {
  file_->allocate(0, kBlock);
  auto mapping = file_->map(kBlock);
  mapping.bytes()[0] = 1;
  EXPECT_EQ(errno_of([&] { file_->unlink(); }), EBUSY);
  auto pin = std::make_unique<daxemu::Pin>(mapping.data(), 1, 0);
  mapping.reset();
  EXPECT_EQ(errno_of([&] { file_->unlink(2); }), EBUSY);
  pin.reset();
  file_->unlink();
  file_.reset();
  const daxemu::File all(device_);
  all.allocate(0, device_.size());
}

TEST_P(Files, BadRangesAndWrongMemoryAreRefused) {
  EXPECT_EQ(errno_of([&] { file_->allocate(1, kBlock); }), EINVAL);
  EXPECT_EQ(errno_of([&] { file_->allocate(0, 0); }), EINVAL);
  EXPECT_EQ(errno_of([&] { file_->truncate(100); }), EINVAL);
  EXPECT_EQ(errno_of([&] { (void)file_->map(100); }), EINVAL);
  auto generic = options();
  generic.type = "GENERIC";
  const daxemu::Device device_dax(platform_, generic);
  EXPECT_EQ(errno_of([&] { const daxemu::File file(device_dax); }), EINVAL);
  device_.unbind(1000);
  EXPECT_EQ(errno_of([&] { (void)file_->map(kBlock); }), ENODEV);
}

// Two threads store to a file while a third truncates and allocates: no store goes to an extent that is another file's.
TEST_P(Files, StoresNeverReachAnotherFilesExtents) {
  const daxemu::File second(device_);
  file_->allocate(0, 8 * kBlock);
  const auto mapping = file_->map(8 * kBlock);
  std::atomic<bool> end{false};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      for (unsigned turn = 0; !end; ++turn) {
        (void)signal_at(mapping, (turn * 5 + static_cast<unsigned>(thread)) % 8 * kBlock + 64);
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    if (round % 2 == 0) {
      file_->truncate(0);
    } else {
      file_->punch(0, 8 * kBlock);
    }
    second.allocate(0, 8 * kBlock);
    const auto others = second.map(8 * kBlock);
    file_->allocate(0, 8 * kBlock);
    for (std::uint64_t block = 0; block < 8; ++block) {
      ASSERT_EQ(others.bytes()[block * kBlock + 64], 0) << "round " << round;
    }
    second.truncate(0);
  }
  end = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
}

} // namespace
