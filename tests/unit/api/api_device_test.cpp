// Devices through the public headers, by the fixture that users get.
#include <daxemu/gtest.hpp>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using daxemu::DaxDeviceTest;
using daxemu::Error;

std::uint64_t number_in(const std::string& path) {
  std::int64_t number = -2;
  std::ifstream(path) >> number;
  return static_cast<std::uint64_t>(number);
}

template <class Body>
int errno_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()), "");
    return error.error();
  }
  return 0;
}

TEST_P(DaxDeviceTest, SaysWhatItIs) {
  EXPECT_EQ(device().align(), align());
  EXPECT_GT(device().size(), 0U);
  EXPECT_FALSE(device().why().empty());
  EXPECT_EQ(device().emulated(), !GetParam().kernel);
  if (GetParam().kernel) {
    const std::string sysfs = "/sys/bus/dax/devices/" + device().name() + "/";
    EXPECT_EQ(device().size(), number_in(sysfs + "size"));
    EXPECT_EQ(device().align(), number_in(sysfs + "align"));
    EXPECT_EQ(static_cast<std::uint64_t>(device().node()), number_in(sysfs + "numa_node"));
  }
}

TEST_P(DaxDeviceTest, ATouchIsAnErrnoAndNoSignal) {
  const auto mapping = device().map(2 * align());
  mapping.touch(0);
  mapping.touch(2 * align() - 1, false);
  const auto beyond = device().map(align(), device().size());
  EXPECT_EQ(errno_of([&] { beyond.touch(); }), EFAULT);
  const auto read_only = device().map(align(), 0, PROT_READ);
  read_only.touch(0, false);
  EXPECT_EQ(errno_of([&] { read_only.touch(0, true); }), EFAULT);
  mapping.protect(PROT_READ);
  EXPECT_EQ(errno_of([&] { mapping.touch(0, true); }), EFAULT);
  int own = 0;
  EXPECT_EQ(daxemu_touch(&own, false), -EFAULT) << "not a mapping of the API";
}

TEST_P(DaxDeviceTest, MappingsAreWholeAndKeepTheDeviceOpen) {
  auto mapping = device().map(2 * align());
  EXPECT_EQ(daxemu_munmap(mapping.data(), align()), -EINVAL);
  EXPECT_EQ(daxemu_mprotect(mapping.data(), align(), PROT_READ), -EINVAL);
  EXPECT_EQ(errno_of([&] { device().close(); }), EBUSY);
  EXPECT_NE(std::string(daxemu_last_error()).find("unmap it first"), std::string::npos);
  mapping.reset();
  mapping = device().map(align(), align());
  mapping.bytes()[0] = 1;
}

TEST_P(DaxDeviceTest, AForkedChildSharesTheMemory) {
  const auto mapping = device().map(align());
  mapping.bytes()[17] = 0;
  const pid_t child = ::fork();
  if (child == 0) {
    mapping.bytes()[17] = 0x42;
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(mapping.bytes()[17], 0x42);
}

TEST_P(DaxDeviceTest, TwoMappingsAreTheSameMemory) {
  auto first = device().map(align());
  auto second = device().map(align());
  EXPECT_EQ(first.address() % align(), 0U);
  std::memset(first.data(), 0x5a, 4096);
  EXPECT_EQ(second.bytes()[4095], 0x5a);
}

TEST_P(DaxDeviceTest, PinsCountOnTheHead) {
  if (GetParam().kernel) {
    GTEST_SKIP() << "the kernel's pins are not ours to count";
  }
  auto mapping = device().map(2 * align());
  const unsigned long pages = pages_per_extent();
  daxemu::Pin pin(mapping.data(), 2 * pages);
  EXPECT_EQ(pin.nr_pages(), 2 * pages);
  auto* folio = daxemu_page_folio(pin.ranges()[0].page);
  EXPECT_TRUE(daxemu_folio_maybe_dma_pinned(folio));
  EXPECT_EQ(daxemu_folio_nr_pages(folio), static_cast<long>(pages));
  const int idle = 1 + (platform().profile() == "linux-7.3" ? 1 : 0); // there the page table entry counts too
  EXPECT_EQ(daxemu_folio_ref_count(folio), idle + (pages == 1 ? 1024 : static_cast<int>(pages)));
  EXPECT_EQ(daxemu_folio_pfn(folio), device().first_pfn());
  EXPECT_NE(platform().pins().find("longterm"), std::string::npos) << platform().pins();
  pin.release(true);
  EXPECT_TRUE(daxemu_folio_test_dirty(folio));
  EXPECT_EQ(platform().pins(), "");
}

TEST_P(DaxDeviceTest, PinsOutliveTheMappingAndTheDevice) {
  if (GetParam().kernel) {
    GTEST_SKIP() << "a test that unbinds a real device would take it from its owner";
  }
  auto mapping = device().map(align());
  daxemu::Pin pin(mapping.data(), 1);
  mapping.reset();
  device().unbind(0);
  EXPECT_EQ(errno_of([&] { (void)device().map(align()); }), ENODEV);
  EXPECT_NE(platform().pins(), "") << "memunmap_pages() of device-dax waits for nobody";
  pin.release(false);
  EXPECT_EQ(platform().pins(), "");
}

class Kernels : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override { platform_.use(); }
  // An emulated device of one extent of 2M.
  [[nodiscard]] daxemu::Device device(const char* type) const {
    daxemu::DeviceOptions options;
    options.size = options.align;
    options.type = type;
    options.mode = "emulate";
    options.backing = "shmem";
    return {platform_, options};
  }
  daxemu::Platform platform_{"kernels", GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Kernels, Kernels, testing::ValuesIn(daxemu::kernels()), daxemu::KernelName());

TEST_P(Kernels, APlatformMirrorsTheOneItWasMadeFor) {
  EXPECT_EQ(platform_.profile(), "linux-" + GetParam());
  const auto made = device("GENERIC");
  EXPECT_EQ(daxemu_page_behaviours(daxemu_pfn_to_page(made.first_pfn())),
            daxemu_pgmap_preset_of("GENERIC", GetParam().c_str()));
}

// gup-fast: pte_devmap sends every long-term pin to the slow path, later gup_fast_folio_allowed() those for writing.
TEST_P(Kernels, FastLongTermPinsAreTheKernels) {
  const auto made = device("GENERIC");
  const auto mapping = made.map(made.align());
  mapping.touch(0);
  daxemu_page* page = nullptr;
  for (const bool write : {false, true}) {
    const unsigned flags =
        DAXEMU_FOLL_LONGTERM | DAXEMU_FOLL_FAST_ONLY | (write ? std::uint32_t{DAXEMU_FOLL_WRITE} : 0U);
    const int pinned = daxemu_pin_user_pages_fast(mapping.address(), 1, flags, &page);
    EXPECT_EQ(pinned, GetParam() == "7.3" && !write ? 1 : 0) << write;
    if (pinned == 1) {
      daxemu_unpin_user_page(page);
    }
  }
}

TEST_P(Kernels, MemoryThatWaitsForItsPagesHoldsUpUnbinding) {
  const auto made = device("GENERIC+wait_for_folios");
  auto mapping = made.map(made.align());
  daxemu::Pin pin(mapping.data(), 1);
  mapping.reset();
  EXPECT_EQ(errno_of([&] { made.unbind(5); }), EBUSY);
  EXPECT_NE(std::string(daxemu_last_error()).find("process " + std::to_string(::getpid())), std::string::npos);
  pin.release(false);
  made.unbind(1000);
}

TEST_P(DaxDeviceTest, PoisonIsSeenByTouchesAndPinsAndHeals) {
  if (GetParam().kernel) {
    GTEST_SKIP() << "needs MADV_HWPOISON and privileges there";
  }
  auto mapping = device().map(2 * align());
  std::memset(mapping.data(), 1, 4096);
  device().poison(align() / 2);
  EXPECT_EQ(errno_of([&] { mapping.touch(); }), EHWPOISON);
  EXPECT_EQ(errno_of([&] { daxemu::Pin(mapping.data(), 1); }), EHWPOISON);
  mapping.touch(align());
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(mapping.bytes()[0]); // dies of SIGBUS
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGBUS);
  device().heal(0);
  EXPECT_EQ(mapping.bytes()[0], 0) << "the data is lost";
  daxemu::Pin(mapping.data(), 1);
}

TEST_P(DaxDeviceTest, AScatterListIsPinnedWhereItLies) {
  const auto mapping = device().map(4 * align());
  const std::size_t size = 2 * 4096 + 10;
  daxemu::ScatterList list(mapping.bytes() + 100, size, DAXEMU_FOLL_WRITE, 4096);
  EXPECT_EQ(list.bytes(), size);
  std::size_t bytes = 0;
  for (const daxemu_scatterlist& entry : list.entries()) {
    EXPECT_EQ(entry.offset, bytes == 0 ? 100U : 0U);
    EXPECT_LE(entry.offset + entry.length, 4096U);
    EXPECT_TRUE(daxemu_folio_maybe_dma_pinned(daxemu_page_folio(entry.page)));
    bytes += entry.length;
  }
  EXPECT_EQ(bytes, size);
  const auto folio = daxemu_page_folio(list.entries().front().page);
  list.release(true);
  EXPECT_TRUE(list.entries().empty());
  EXPECT_TRUE(daxemu_folio_test_dirty(folio));
  EXPECT_EQ(errno_of([&] { daxemu::ScatterList(reinterpret_cast<void*>(1UL << 46), 4096); }), EFAULT);
}

TEST_P(DaxDeviceTest, MisalignedMappingsAreEINVAL) {
  if (align() == 4096) {
    return; // everything a page long is aligned
  }
  EXPECT_EQ(errno_of([&] { (void)device().map(4096); }), EINVAL);
}

TEST_P(DaxDeviceTest, RightsDecideWhatCanBePinned) {
  if (GetParam().kernel) {
    GTEST_SKIP() << "the kernel's own rules are not ours to test";
  }
  auto mapping = device().map(align(), 0, PROT_READ);
  EXPECT_EQ(errno_of([&] { daxemu::Pin(mapping.data(), 1, DAXEMU_FOLL_WRITE); }), EFAULT);
  EXPECT_EQ(daxemu::Pin(mapping.data(), 1, 0).nr_pages(), 1U);
  mapping.protect(PROT_READ | PROT_WRITE);
  EXPECT_EQ(daxemu::Pin(mapping.data(), 1, DAXEMU_FOLL_WRITE).nr_pages(), 1U);
  EXPECT_EQ(errno_of([&] {
              int own = 0;
              daxemu::Pin(&own, 1);
            }),
            EFAULT)
      << "not a mapping of the API";
}

TEST_P(DaxDeviceTest, AKilledChildsPinsAreReleased) {
  if (GetParam().kernel) {
    GTEST_SKIP() << "the kernel does that itself";
  }
  auto mapping = device().map(align());
  const daxemu::Pin mine(mapping.data(), 1);
  const pid_t child = ::fork();
  if (child == 0) {
    const daxemu::Pin its(mapping.data(), 1);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const std::string pins = platform().pins(); // releases those of the dead
  EXPECT_EQ(pins.find("pid " + std::to_string(child)), std::string::npos) << pins;
  EXPECT_NE(pins.find("pid " + std::to_string(::getpid())), std::string::npos) << pins;
}

DAXEMU_INSTANTIATE_DEVICE_TESTS_OF(daxemu::kernels());

// Asked while tests are being listed: what is thrown there ends the program.
TEST(DaxPlatform, TestsAreListedWhateverTheVariableSays) {
  const char* value = std::getenv("DAXEMU_KERNEL");
  const std::string before = value == nullptr ? "" : value;
  ::setenv("DAXEMU_KERNEL", "garbage", 1);
  EXPECT_NO_THROW(EXPECT_GE(daxemu::dax_device_params().size(), 3U));
  EXPECT_EQ(errno_of([] { daxemu::Platform{}; }), EINVAL);
  before.empty() ? ::unsetenv("DAXEMU_KERNEL") : ::setenv("DAXEMU_KERNEL", before.c_str(), 1);
}

TEST(DaxPlatform, AutomaticTakesTheMachinesDeviceWhereThereIsOne) {
  constexpr std::uint64_t kAlign = 2U << 20;
  const auto real = daxemu::kernel_device(kAlign);
  const daxemu::Platform platform;
  daxemu::DeviceOptions options;
  options.align = kAlign;
  options.size = 2 * kAlign;
  options.name = real.value_or("dax0.0");
  options.mode = "auto";
  {
    const daxemu::Device device(platform, options);
    EXPECT_EQ(device.emulated(), !real);
    EXPECT_NE(device.why().find(real ? "using the kernel's own" : "emulating it"), std::string::npos) << device.why();
  }
  options.mode = "emulate";
  EXPECT_TRUE(daxemu::Device(platform, options).emulated());
  options.mode = "kernel";
  options.align = 1U << 30; // whatever there is, it is no such one
  options.size = 64ULL << 40;
  EXPECT_EQ(errno_of([&] { daxemu::Device(platform, options); }), real ? EINVAL : ENODEV);
}

TEST(DaxPlatform, RefusalsSayWhatAndWhatToDo) {
  struct Row {
    daxemu::DeviceOptions options;
    int error;
    const char* says;
  };
  auto with = [](auto change) {
    daxemu::DeviceOptions options;
    options.size = 4U << 20;
    options.mode = "emulate";
    change(options);
    return options;
  };
  const Row rows[] = {
      {with([](auto& o) { o.align = 3; }), EINVAL, "extent size"},
      {with([](auto& o) { o.size = 4096; }), EINVAL, "multiple"},
      {with([](auto& o) { o.name = "disk"; }), EINVAL, "daxX.Y"},
      {with([](auto& o) { o.type = "FSDAX"; }), EINVAL, "FS_DAX"},
      {with([](auto& o) { o.mode = "real"; }), EINVAL, "kernel"},
      {with([](auto& o) { o.backing = "disk"; }), EINVAL, "shmem"},
      {with([](auto& o) { o.mode = "kernel", o.name = "dax7.7"; }), ENODEV, "dax7.7"},
      {with([](auto& o) { o.type = "PRIVATE", o.align = 4096; }), EINVAL, "migrate_to_ram"},
      {with([](auto& o) { o.type = "FS_DAX"; }), EINVAL, "order 9"},
      {with([](auto& o) { o.type = "custom", o.behaviours = 1U << 1, o.align = 4096; }), EINVAL, "gup-fast"},
  };
  const daxemu::Platform platform;
  for (const Row& row : rows) {
    try {
      const daxemu::Device device(platform, row.options);
      ADD_FAILURE() << row.says;
    } catch (const Error& error) {
      EXPECT_EQ(error.error(), row.error) << error.what();
      EXPECT_NE(std::string(error.what()).find(row.says), std::string::npos) << error.what();
    }
  }
}

TEST(DaxPlatform, PrivateMemoryMovesToRamOnATouch) {
  struct Driver {
    int migrated = 0;
    int freed = 0;
  } driver;
  daxemu_dev_pagemap_ops ops{};
  ops.folio_free = [](daxemu_folio*, void* data) { ++static_cast<Driver*>(data)->freed; };
  ops.migrate_to_ram = [](daxemu_folio* folio, void* ram, void* data) {
    ++static_cast<Driver*>(data)->migrated;
    EXPECT_EQ(daxemu_page_address(&folio->page), nullptr) << "private memory has no address";
    std::memset(ram, 0x42, 4096);
    return 0;
  };
  const daxemu::Platform platform;
  platform.use();
  daxemu::DeviceOptions options;
  options.size = 4U << 20;
  options.align = 4096;
  options.type = "PRIVATE";
  options.ops = &ops;
  options.private_data = &driver;
  const daxemu::Device device(platform, options);
  const auto mapping = device.map(8192);
  mapping.touch(4096);
  EXPECT_EQ(driver.migrated, 1);
  EXPECT_EQ(mapping.bytes()[4096], 0x42);
  const daxemu::Pin pin(mapping.data(), 2);
  EXPECT_EQ(driver.migrated, 2) << "a pin is a touch";
  EXPECT_GE(daxemu_page_to_pfn(pin.ranges()[0].page), 1UL << 34) << "RAM is pinned, not the device";
}

TEST(DaxPlatform, CoherentMemoryMovesBeforeALongPin) {
  daxemu_dev_pagemap_ops ops{};
  ops.folio_free = [](daxemu_folio*, void*) {};
  const daxemu::Platform platform;
  platform.use();
  daxemu::DeviceOptions options;
  options.size = 4U << 20;
  options.align = 4096;
  options.type = "COHERENT";
  options.ops = &ops;
  const daxemu::Device device(platform, options);
  const auto mapping = device.map(8192);
  mapping.bytes()[0] = 7;
  {
    const daxemu::Pin brief(mapping.data(), 1, DAXEMU_FOLL_WRITE);
    EXPECT_EQ(daxemu_page_to_pfn(brief.ranges()[0].page), device.first_pfn());
    EXPECT_EQ(errno_of([&] { daxemu::Pin(mapping.data(), 1); }), EBUSY) << "pinned pages cannot move";
  }
  const daxemu::Pin pin(mapping.data(), 1);
  EXPECT_GE(daxemu_page_to_pfn(pin.ranges()[0].page), 1UL << 34);
  EXPECT_EQ(mapping.bytes()[0], 7) << "the data moved along";
}

} // namespace
