#include "registration.hpp"

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

TEST_P(RegistrationTest, ADyingDeviceWaitsForIt) {
  if (!device().emulated()) {
    GTEST_SKIP() << "a test that unbinds a real device would take it from its owner";
  }
  const auto mapping = device().map(align());
  auto registration = std::make_unique<Registration>(master_, mapping.data(), 1);
  EXPECT_EQ(daxemu_device_unbind(device().get(), 5), -EBUSY);
  EXPECT_THROW(Registration(master_, mapping.data(), 1), daxemu::Error);
  registration.reset();
  EXPECT_EQ(daxemu_device_unbind(device().get(), 1000), 0) << daxemu_last_error();
}

INSTANTIATE_TEST_SUITE_P(Dax, RegistrationTest, testing::ValuesIn(daxemu::dax_device_params()),
                         daxemu::DaxDeviceParamName());

} // namespace
