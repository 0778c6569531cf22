// A GoogleTest fixture: each test runs on emulated devices of 4K, 2M and 1G extents, and on the machine's own
// device-dax where there is one of that alignment.
//
//   using daxemu::DaxDeviceTest;
//   TEST_P(DaxDeviceTest, PinsOutliveTheMapping) { auto mapping = device().map(align()); ... }
//   DAXEMU_INSTANTIATE_DEVICE_TESTS();
//
// DAXEMU_INSTANTIATE_DEVICE_TESTS_OF(daxemu::kernels()) does that once for each kernel that can be mirrored. A fixture
// of one's own takes the kernel as its parameter:
//
//   class Pins : public testing::TestWithParam<std::string> { daxemu::Platform platform{"test", GetParam()}; };
//   INSTANTIATE_TEST_SUITE_P(Kernels, Pins, testing::ValuesIn(daxemu::kernels()), daxemu::KernelName());
#ifndef DAXEMU_GTEST_HPP
#define DAXEMU_GTEST_HPP

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <daxemu/daxemu.hpp>

namespace daxemu {

struct DaxDeviceParam {
  std::uint64_t align;
  bool kernel;           // the machine's own device
  std::string profile{}; // the kernel that is mirrored; empty: as DAXEMU_KERNEL says
};

// "6_12" for "6.12": the names of tests have no dots.
inline std::string kernel_name(std::string version) {
  std::replace(version.begin(), version.end(), '.', '_');
  return version;
}
struct KernelName {
  std::string operator()(const testing::TestParamInfo<std::string>& info) const { return kernel_name(info.param); }
};

inline std::string align_name(std::uint64_t align) {
  return align >= (1U << 30) ? "1G" : align >= (2U << 20) ? "2M" : "4K";
}
inline std::string param_name(const DaxDeviceParam& param) {
  return align_name(param.align) + (param.kernel ? "_kernel" : "_emulated") +
         (param.profile.empty() ? "" : "_" + kernel_name(param.profile));
}
inline std::ostream& operator<<(std::ostream& out, const DaxDeviceParam& param) {
  return out << param_name(param);
}
struct DaxDeviceParamName {
  std::string operator()(const testing::TestParamInfo<DaxDeviceParam>& info) const { return param_name(info.param); }
};

// The machine's device-dax of that alignment, as DAXEMU=kernel finds it; nothing where there is none.
inline std::optional<std::string> kernel_device(std::uint64_t align) {
  const Platform platform("probe", ::daxemu_kernel(0)); // any: the machine is asked, whatever DAXEMU_KERNEL says
  for (int region = 0; region < 8; ++region) {
    for (int id = 0; id < 8; ++id) {
      const std::string name = "dax" + std::to_string(region) + "." + std::to_string(id);
      daxemu_device_spec spec{};
      spec.struct_size = sizeof(spec);
      spec.name = name.c_str();
      spec.align = align;
      spec.mode = "kernel";
      daxemu_device* device = nullptr;
      if (::daxemu_device_open(platform.get(), &spec, &device) == 0) {
        ::daxemu_device_close(device);
        return name;
      }
    }
  }
  return std::nullopt;
}

// What there is to run on: emulated always, mirroring each of `profiles`; the kernel's own where present.
inline std::vector<DaxDeviceParam> dax_device_params(const std::vector<std::string>& profiles = {""}) {
  std::vector<DaxDeviceParam> params;
  for (const std::uint64_t align : {4ULL << 10, 2ULL << 20, 1ULL << 30}) {
    for (const std::string& profile : profiles) {
      params.push_back({align, false, profile});
    }
    if (kernel_device(align)) {
      params.push_back({align, true});
    }
  }
  return params;
}

class DaxDeviceTest : public testing::TestWithParam<DaxDeviceParam> {
protected:
  void SetUp() override {
    platform_.emplace("test", GetParam().profile);
    platform_->use();
    DeviceOptions options;
    options.align = align();
    options.size = extents() * std::max<std::uint64_t>(align(), 2U << 20);
    options.mode = GetParam().kernel ? "kernel" : "emulate";
    if (GetParam().kernel) {
      options.name = kernel_device(align()).value();
      options.size = 0;
    }
    device_.emplace(*platform_, options);
  }
  void TearDown() override {
    if (device_ && device_->emulated()) {
      const unsigned long bad = ::daxemu_bad_releases();
      EXPECT_EQ(bad, 0U) << "pages were released that were not held";
    }
    if (device_) {
      EXPECT_NO_THROW(device_->close());
    }
    device_.reset();
    platform_.reset();
  }

  // How large the emulated device is: in units of the larger of 2M and its extent.
  [[nodiscard]] virtual std::uint64_t extents() const { return 4; }
  [[nodiscard]] static std::uint64_t align() { return GetParam().align; }
  [[nodiscard]] static unsigned long pages_per_extent() { return align() >> 12; }
  [[nodiscard]] Platform& platform() { return *platform_; }
  [[nodiscard]] Device& device() { return *device_; }

private:
  std::optional<Platform> platform_;
  std::optional<Device> device_;
};

} // namespace daxemu

#define DAXEMU_INSTANTIATE_DEVICE_TESTS()                                                                              \
  INSTANTIATE_TEST_SUITE_P(Dax, DaxDeviceTest, testing::ValuesIn(::daxemu::dax_device_params()),                       \
                           ::daxemu::DaxDeviceParamName())
#define DAXEMU_INSTANTIATE_DEVICE_TESTS_OF(profiles)                                                                   \
  INSTANTIATE_TEST_SUITE_P(Dax, DaxDeviceTest, testing::ValuesIn(::daxemu::dax_device_params(profiles)),               \
                           ::daxemu::DaxDeviceParamName())

#endif
