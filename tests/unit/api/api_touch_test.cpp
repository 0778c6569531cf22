// The processor's own touches of what the API mapped: migrate_to_ram in the fault path, first touches as events, SIGBUS
// as the kernel would send it, memory without struct pages.
#include <daxemu/gtest.hpp>
#include <daxemu/sigbus.hpp>

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

using daxemu::signal_of;
using daxemu::Signalled;

// A driver that keeps the bytes of its device's pages itself, as one whose memory the processor cannot reach.
struct Driver {
  std::map<unsigned long, std::vector<unsigned char>> vram; // by pfn
  std::mutex mutex;
  std::atomic<int> out{0};
  std::atomic<int> in{0};
  std::atomic<int> freed{0};
  std::atomic<int> mapped{0};
  std::atomic<int> unmapped{0};
  std::atomic<int> fail_with{0};
  daxemu_dev_pagemap_ops ops{};

  Driver() {
    ops.folio_free = [](daxemu_folio* folio, void* data) {
      EXPECT_EQ(daxemu_folio_ref_count(folio), 0);
      ++static_cast<Driver*>(data)->freed;
    };
    ops.migrate_to_ram = [](daxemu_folio* folio, void* ram, void* data) {
      auto* driver = static_cast<Driver*>(data);
      EXPECT_EQ(daxemu_folio_ref_count(folio), 1) << "the swap entry's";
      if (driver->fail_with != 0) {
        return -driver->fail_with;
      }
      const std::lock_guard lock(driver->mutex);
      auto& bytes = driver->vram[daxemu_folio_pfn(folio)];
      bytes.resize(4096, 0x42);
      std::memcpy(ram, bytes.data(), 4096);
      ++driver->out;
      return 0;
    };
    ops.migrate_to_device = [](daxemu_folio* folio, const void* ram, void* data) {
      auto* driver = static_cast<Driver*>(data);
      const std::lock_guard lock(driver->mutex);
      auto& bytes = driver->vram[daxemu_folio_pfn(folio)];
      bytes.resize(4096);
      std::memcpy(bytes.data(), ram, 4096);
      ++driver->in;
      return 0;
    };
    ops.mapped = [](daxemu_folio*, void* data) { ++static_cast<Driver*>(data)->mapped; };
    ops.unmapped = [](daxemu_folio*, void* data) { ++static_cast<Driver*>(data)->unmapped; };
  }
};

class Touches : public testing::Test {
protected:
  void SetUp() override {
    platform_.use();
    const std::string engine = daxemu_touch_engine(platform_.get());
    if (!engine.starts_with("handler")) {
      GTEST_SKIP() << "the processor's touches are not seen here: " << engine;
    }
  }
  daxemu::Device device(const std::string& type, std::uint64_t align = 4096) {
    daxemu::DeviceOptions options;
    options.size = align == 4096 ? 4U << 20 : 4 * align;
    options.align = align;
    options.type = type;
    options.mode = "emulate";
    options.backing = "shmem";
    options.ops = &driver_.ops;
    options.private_data = &driver_;
    return {platform_, options};
  }
  Driver driver_;
  daxemu::Platform platform_{"touch"};
};

TEST_F(Touches, OfPrivateMemoryMigrateIt) {
  const auto device = this->device("PRIVATE");
  const auto mapping = device.map(64 << 10);
  EXPECT_EQ(mapping.bytes()[4096 + 5], 0x42) << "a load";
  EXPECT_EQ(driver_.out, 1);
  EXPECT_EQ(driver_.freed, 1) << "the device's page is free again";
  mapping.bytes()[8192] = 7; // a store
  EXPECT_EQ(driver_.out, 2);
  EXPECT_EQ(mapping.bytes()[8192], 7);
  EXPECT_EQ(mapping.bytes()[8193], 0x42);
  mapping.bytes()[4096 + 5] = 1;
  EXPECT_EQ(driver_.out, 2) << "in RAM by now";
  const daxemu::Pin pin(mapping.data(), 2);
  EXPECT_EQ(driver_.out, 3);
  ASSERT_EQ(pin.ranges().size(), 2U) << "they moved in another order";
  EXPECT_EQ(static_cast<unsigned char*>(daxemu_page_address(pin.ranges()[1].page))[5], 1) << "the same bytes";
}

TEST_F(Touches, ComeBackAfterMigrationToTheDevice) {
  const auto device = this->device("PRIVATE");
  const auto mapping = device.map(4 * 4096);
  std::memset(mapping.data(), 0x11, 4 * 4096);
  EXPECT_EQ(driver_.out, 4);
  {
    const daxemu::Pin pin(mapping.bytes() + 4096, 1);
    EXPECT_EQ(daxemu_migrate_to_device(mapping.data(), 4 * 4096), 3) << "a pinned page stays";
  }
  EXPECT_EQ(driver_.in, 3);
  EXPECT_EQ(driver_.vram[device.first_pfn() + 3][4095], 0x11);
  auto* folio = daxemu_page_folio(daxemu_pfn_to_page(device.first_pfn() + 3));
  EXPECT_EQ(daxemu_folio_ref_count(folio), 1) << "a swap entry refers to it";
  driver_.vram[device.first_pfn() + 3][0] = 0x99; // the device works on it
  EXPECT_EQ(mapping.bytes()[3 * 4096], 0x99);
  EXPECT_EQ(mapping.bytes()[4096], 0x11);
  EXPECT_EQ(driver_.out, 5);
  EXPECT_EQ(daxemu_folio_ref_count(folio), 0);
}

TEST_F(Touches, OfAPrivatePageThatIsUnmappedFreeIt) {
  const auto device = this->device("PRIVATE");
  auto mapping = device.map(2 * 4096);
  mapping.bytes()[0] = 1;
  ASSERT_EQ(daxemu_migrate_to_device(mapping.data(), 4096), 1);
  const int before = driver_.freed;
  mapping.reset();
  EXPECT_EQ(driver_.freed, before + 1) << "zap_pte_range drops the swap entry's reference";
}

TEST_F(Touches, ThatTheDriverCannotServeAreSigbus) {
  const auto device = this->device("PRIVATE");
  const auto mapping = device.map(2 * 4096);
  driver_.fail_with = EIO;
  const Signalled seen = signal_of([&] { mapping.bytes()[100] = 1; });
  EXPECT_EQ(seen.signal, SIGBUS);
  EXPECT_EQ(seen.code, BUS_ADRERR);
  EXPECT_EQ(seen.address, mapping.bytes() + 100);
  driver_.fail_with = 0;
  mapping.bytes()[4096] = 1;
  EXPECT_EQ(driver_.out, 1);
}

TEST_F(Touches, ByManyThreadsMigrateOnce) {
  constexpr int kPages = 256;
  const auto device = this->device("PRIVATE");
  const auto mapping = device.map(kPages * 4096);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int page = 0; page < kPages; ++page) {
        mapping.bytes()[page * 4096 + thread] = static_cast<unsigned char>(thread + 1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(driver_.out, kPages);
  EXPECT_EQ(driver_.freed, kPages);
  for (int page = 0; page < kPages; ++page) {
    for (int thread = 0; thread < 4; ++thread) {
      ASSERT_EQ(mapping.bytes()[page * 4096 + thread], thread + 1) << "a store was lost in page " << page;
    }
  }
}

TEST_F(Touches, BySystemCallsMigrateToo) {
  if (std::string(daxemu_touch_engine(platform_.get())) != "handler") {
    GTEST_SKIP() << "this process may not have a userfaultfd that serves kernel-mode faults";
  }
  const auto device = this->device("PRIVATE");
  const auto mapping = device.map(4096);
  const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(::read(zero, mapping.bytes(), 16), 16);
  ::close(zero);
  EXPECT_EQ(driver_.out, 1);
  EXPECT_EQ(mapping.bytes()[15], 0);
  EXPECT_EQ(mapping.bytes()[16], 0x42);
}

TEST_F(Touches, OfCoherentMemoryStayOnTheDeviceUntilALongPin) {
  const auto device = this->device("COHERENT");
  auto mapping = device.map(2 * 4096);
  mapping.bytes()[0] = 9;
  auto* folio = daxemu_page_folio(daxemu_pfn_to_page(device.first_pfn()));
  EXPECT_EQ(daxemu_folio_ref_count(folio), 1) << "its page table entry's";
  EXPECT_EQ(driver_.mapped, 1);
  EXPECT_EQ(static_cast<unsigned char*>(daxemu_page_address(&folio->page))[0], 9);
  daxemu_dev_pagemap_ops plain = driver_.ops;
  (void)plain;
  driver_.vram[device.first_pfn()].assign(4096, 9);
  const daxemu::Pin pin(mapping.data(), 1);
  EXPECT_GE(daxemu_page_to_pfn(pin.ranges()[0].page), 1UL << 34) << "RAM";
  EXPECT_EQ(driver_.unmapped, 1);
  EXPECT_EQ(driver_.freed, 1);
  mapping.bytes()[1] = 8; // reaches the page that is pinned
  EXPECT_EQ(static_cast<unsigned char*>(daxemu_page_address(pin.ranges()[0].page))[1], 8);
  mapping.bytes()[4096] = 1; // its neighbour is still the device's
  EXPECT_EQ(driver_.mapped, 2);
  mapping.reset();
  EXPECT_EQ(driver_.freed, 2) << "the last entry of the neighbour has gone";
}

TEST_F(Touches, AreEventsOfThePgmapOncePerExtent) {
  for (const std::uint64_t align : {4096ULL, 2ULL << 20}) {
    Driver driver;
    driver_.mapped = driver_.unmapped = 0;
    const auto device = this->device("GENERIC", align);
    auto mapping = device.map(4 * align);
    EXPECT_EQ(driver_.mapped, 0);
    mapping.bytes()[2 * align + 17] = 1;
    mapping.bytes()[2 * align + 18] = 1;
    EXPECT_EQ(driver_.mapped, 1);
    mapping.touch(2 * align); // the model has it already
    EXPECT_EQ(driver_.mapped, 1);
    const daxemu::Pin pin(mapping.data(), 1);
    mapping.bytes()[0] = 1; // get_user_pages has made the entry
    EXPECT_EQ(driver_.mapped, 2);
    auto* folio = daxemu_page_folio(daxemu_pfn_to_page(device.first_pfn() + 2 * (align >> 12)));
    EXPECT_EQ(daxemu_folio_index(folio), 2 * (align >> 12)) << "dax_set_mapping";
    mapping.reset();
    EXPECT_EQ(driver_.unmapped, 2);
  }
}

TEST_F(Touches, OfPoisonSayWhereAndHowLarge) {
  const std::uint64_t align = 2U << 20;
  const auto device = this->device("GENERIC", align);
  const auto mapping = device.map(2 * align);
  mapping.bytes()[5] = 1;
  device.poison(4096);
  device.poison(align);
  for (const std::uint64_t at : {std::uint64_t{5}, align + 4097}) { // touched before, and not
    const Signalled seen = signal_of([&] { mapping.bytes()[at] = 1; });
    EXPECT_EQ(seen.signal, SIGBUS);
    EXPECT_EQ(seen.code, BUS_MCEERR_AR);
    EXPECT_EQ(seen.address, mapping.bytes() + at / align * align);
    EXPECT_EQ(seen.lsb, 21);
  }
  EXPECT_EQ(driver_.unmapped, 1);
  device.heal(0);
  EXPECT_EQ(signal_of([&] { EXPECT_EQ(mapping.bytes()[5], 0); }).signal, 0);
  EXPECT_EQ(driver_.mapped, 2) << "faulted in anew";
}

TEST_F(Touches, ThreadsThatAskedAreToldOfPoisonEarly) {
  const std::uint64_t align = 2U << 20;
  const auto device = this->device("GENERIC", align);
  const auto mapping = device.map(2 * align);
  mapping.bytes()[align] = 1;
  EXPECT_EQ(signal_of([&] { device.poison(0); }).signal, 0) << "no policy";
  ASSERT_EQ(::prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0), 0);
  EXPECT_EQ(signal_of([&] { device.heal(0), device.poison(0); }).signal, 0) << "it had not touched that extent";
  const Signalled seen = signal_of([&] { device.poison(align + 8192); });
  ::prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0);
  EXPECT_EQ(seen.signal, SIGBUS);
  EXPECT_EQ(seen.code, BUS_MCEERR_AO);
  EXPECT_EQ(seen.address, mapping.bytes() + align);
  EXPECT_EQ(seen.lsb, 21);
}

TEST_F(Touches, AfterUnbindingAreSigbus) {
  const std::uint64_t align = 2U << 20;
  const auto device = this->device("GENERIC", align);
  const auto mapping = device.map(2 * align);
  mapping.bytes()[0] = 1;
  device.unbind(1000);
  EXPECT_EQ(driver_.unmapped, 1);
  for (const std::uint64_t at : {std::uint64_t{0}, align}) {
    const Signalled seen = signal_of([&] { mapping.bytes()[at] = 1; });
    EXPECT_EQ(seen.signal, SIGBUS);
    EXPECT_EQ(seen.code, BUS_ADRERR);
  }
}

TEST_F(Touches, OfMemoryWithoutStructPagesWorkButPinsDoNot) {
  for (const unsigned order : {0U, 9U, 18U}) {
    void* address = nullptr;
    const std::size_t length = std::size_t{4096} << order;
    ASSERT_EQ(daxemu_mmap_special(platform_.get(), length, order, PROT_READ | PROT_WRITE, &address), 0);
    EXPECT_EQ(reinterpret_cast<unsigned long>(address) % length, 0U);
    static_cast<char*>(address)[length - 1] = 1;
    daxemu_page* page = nullptr;
    const auto start = reinterpret_cast<unsigned long>(address);
    EXPECT_EQ(daxemu_pin_user_pages(start, 1, DAXEMU_FOLL_WRITE, &page), -EFAULT) << "VM_PFNMAP (check_vma_flags)";
    EXPECT_EQ(daxemu_get_user_pages(start, 1, 0, &page), -EFAULT);
    EXPECT_EQ(daxemu_pin_user_pages_fast(start, 1, DAXEMU_FOLL_LONGTERM, &page), -EFAULT) << "pte_special";
    EXPECT_EQ(daxemu_get_user_pages_fast(start, 1, DAXEMU_FOLL_FAST_ONLY, &page), 0);
    EXPECT_EQ(daxemu_munmap(address, length), 0);
  }
}

} // namespace
