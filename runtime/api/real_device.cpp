// The kernel's own device-dax behind the API's interface.
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>

#include "runtime/api/device.hpp"

namespace daxemu::api {
namespace {

class RealDevice final : public Device {
public:
  RealDevice(Platform& platform, DeviceFacts facts, UniqueFd fd)
      : Device(std::move(facts)), platform_(platform), fd_(std::move(fd)) {
    platform_.devices.fetch_add(1);
  }
  ~RealDevice() override { platform_.devices.fetch_sub(1); }

  Result<void*> map(std::uint64_t length, int prot, std::uint64_t offset) override {
    if (!is_aligned(length | offset, facts().align)) {
      return fail(EINVAL); // the kernel takes a misaligned offset that meets a lucky address, and no touch of it
    }
    return platform_.real_mappings().map(this, fd_.get(), length, prot, offset);
  }
  Outcome<void> poison(std::uint64_t) override { return refused("poison"); }
  Outcome<void> heal(std::uint64_t) override { return refused("heal"); }
  Outcome<void> unbind(std::chrono::milliseconds) override { return refused("unbind"); }
  Outcome<void> close() override {
    if (platform_.real_mappings().is_mapped(this)) {
      return refuse(EBUSY, facts().name + " is still mapped", "unmap it first");
    }
    return {};
  }

private:
  [[nodiscard]] tl::unexpected<Problem> refused(const char* what) const {
    return refuse(EOPNOTSUPP, std::string("cannot ") + what + " " + facts().name + ": it is the kernel's own",
                  "use madvise(MADV_HWPOISON), ndctl or daxctl, or mode emulate");
  }
  Platform& platform_;
  UniqueFd fd_;
};

} // namespace

Outcome<std::unique_ptr<Device>> open_real(Platform& platform, const kernel::Choice& choice) {
  const kernel::RealDevice& real = *choice.real;
  const std::string node = "/dev/" + real.name;
  auto fd = sys::open(node.c_str(), O_RDWR | O_CLOEXEC);
  if (!fd) {
    return refuse(fd.error().value, node + " cannot be opened", "check its permissions, or use mode emulate");
  }
  DeviceFacts facts{.name = real.name,
                    .size = real.size,
                    .align = real.align,
                    .node = real.numa_node,
                    .emulated = false,
                    .why = choice.why,
                    .first_pfn = 0};
  return std::make_unique<RealDevice>(platform, std::move(facts), UniqueFd(*fd));
}

} // namespace daxemu::api
