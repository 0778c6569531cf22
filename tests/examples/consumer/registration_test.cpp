#include "registration.hpp"

#include <cstdlib>
#include <memory>
#include <string>

#include <daxemu/gtest.hpp>

namespace {

class RegistrationTest : public daxemu::DaxDeviceTest {
protected:
  void SetUp() override {
    DaxDeviceTest::SetUp();
    ASSERT_EQ(daxemu_bus_master_create(true, &master_), 0) << daxemu_last_error();
  }
  void TearDown() override {
    daxemu_bus_master_destroy(master_);
    DaxDeviceTest::TearDown();
  }
  daxemu_bus_master* master_ = nullptr;
};

TEST_P(RegistrationTest, DataArrivesThoughTheMappingIsGone) {
  if (!device().emulated()) {
    GTEST_SKIP() << "pins on the machine's own device are the kernel's";
  }
  auto mapping = device().map(align());
  auto registration = std::make_unique<Registration>(master_, mapping.data(), pages_per_extent());
  mapping.reset();
  const std::string sent = "from the wire";
  ASSERT_EQ(daxemu_dma_write(master_, registration->bus_address(), sent.data(), sent.size()), 0);
  EXPECT_NE(platform().pins(), "");
  registration.reset();
  EXPECT_EQ(platform().pins(), "");
  const auto again = device().map(align());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(again.bytes()), sent.size()), sent);
}

TEST_P(RegistrationTest, ADyingDeviceTakesNoNewOnes) {
  if (!device().emulated()) {
    GTEST_SKIP() << "a test that unbinds a real device would take it from its owner";
  }
  const auto mapping = device().map(align());
  auto registration = std::make_unique<Registration>(master_, mapping.data(), 1);
  EXPECT_EQ(daxemu_device_unbind(device().get(), 0), 0) << "device-dax is unbound whoever holds its pages";
  EXPECT_THROW(Registration(master_, mapping.data(), 1), daxemu::Error);
  registration.reset();
}

INSTANTIATE_TEST_SUITE_P(Dax, RegistrationTest, testing::ValuesIn(daxemu::dax_device_params(daxemu::kernels())),
                         daxemu::DaxDeviceParamName());

class KernelsTest : public testing::TestWithParam<std::string> {
protected:
  daxemu::Platform platform_{"of its own", GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Kernels, KernelsTest, testing::ValuesIn(daxemu::kernels()), daxemu::KernelName());

// The counts of a page that is mapped: in newer kernels a page table entry holds a reference.
TEST_P(KernelsTest, AMappedPagesCountIsTheKernels) {
  platform_.use();
  daxemu::DeviceOptions options;
  options.size = options.align;
  options.mode = "emulate";
  options.backing = "shmem";
  const daxemu::Device device(platform_, options);
  const auto mapping = device.map(device.align());
  const daxemu::Pin pin(mapping.data(), 1);
  EXPECT_EQ(daxemu_folio_ref_count(daxemu_page_folio(pin.ranges()[0].page)), GetParam() == "7.3" ? 3 : 2);
}

// Under `daxemu run --kernel` the test's own devices are that kernel's, too (daxemu_add_test(KERNEL)).
TEST(RegistrationKernel, MirrorsWhatTheRunSays) {
  const char* asked = std::getenv("DAXEMU_KERNEL");
  if (asked == nullptr) {
    GTEST_SKIP() << "for daxemu_add_test(KERNEL)";
  }
  EXPECT_EQ(daxemu::Platform("mirror").profile(), std::string("linux-") + asked);
}

} // namespace
