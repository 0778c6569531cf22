// The kernel's own device-dax behind the API's interface.
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>

#include "runtime/api/device.hpp"

namespace daxemu::api {
namespace {

class RealDevice final : public Device {
public:
  RealDevice(DeviceFacts facts, UniqueFd fd) : Device(std::move(facts)), fd_(std::move(fd)) {}

  Result<void*> map(std::uint64_t length, int prot, std::uint64_t offset) override {
    return sys::mmap(nullptr, length, prot, MAP_SHARED, fd_.get(), offset);
  }
  Outcome<void> poison(std::uint64_t) override { return refused("poison"); }
  Outcome<void> heal(std::uint64_t) override { return refused("heal"); }
  Outcome<void> unbind(std::chrono::milliseconds) override { return refused("unbind"); }
  Outcome<void> close() override { return {}; }

private:
  [[nodiscard]] tl::unexpected<Problem> refused(const char* what) const {
    return refuse(EOPNOTSUPP, std::string("cannot ") + what + " " + facts().name + ": it is the kernel's own",
                  "use madvise(MADV_HWPOISON), ndctl or daxctl, or mode emulate");
  }
  UniqueFd fd_;
};

} // namespace

Outcome<std::unique_ptr<Device>> open_real(const kernel::Choice& choice) {
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
  return std::make_unique<RealDevice>(std::move(facts), UniqueFd(*fd));
}

} // namespace daxemu::api
