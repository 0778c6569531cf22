// One device of the API: emulated in this process, or the kernel's own. The same interface for both.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "emu/pgmap/pgmap.hpp"
#include "runtime/api/platform.hpp"
#include "runtime/kernel/mode.hpp"

namespace daxemu::api {

struct DeviceSpec {
  std::string name; // empty: the next free one of region 0
  std::uint64_t size = 0;
  std::uint64_t align = 0;
  std::string backing = "auto";
  pgmap::Behaviours behaviours;
  bool device_dax = true; // a type the kernel's own device may stand in for
  kernel::Mode mode = kernel::Mode::automatic;
  pgmap::PagemapOps ops;
  const void* owner = nullptr;
};

struct DeviceFacts {
  std::string name;
  std::uint64_t size = 0;  // bytes
  std::uint64_t align = 0; // bytes
  int node = -1;
  bool emulated = true;
  std::string why;
  std::uint64_t first_pfn = 0; // 0: not known
};

class Device {
public:
  virtual ~Device() = default;
  [[nodiscard]] const DeviceFacts& facts() const { return facts_; }

  // Errors: EINVAL, ENODEV, mmap(2)'s.
  [[nodiscard]] virtual Result<void*> map(std::uint64_t length, int prot, std::uint64_t offset) = 0;
  // Errors (Problem): ENXIO, EOPNOTSUPP on a real device.
  virtual Outcome<void> poison(std::uint64_t offset) = 0;
  virtual Outcome<void> heal(std::uint64_t offset) = 0;
  virtual Outcome<void> unbind(std::chrono::milliseconds most) = 0;
  // Files on its memory. Errors (Problem): EINVAL (not memory of a DAX file system), EOPNOTSUPP on a real device.
  [[nodiscard]] virtual Outcome<pgmap::FileLayout*> files() = 0;
  // Who holds it. Errors (Problem): EOPNOTSUPP (memory that nobody can hold; a real device), ENODEV (unbound).
  [[nodiscard]] virtual Outcome<pgmap::DaxHolder*> holder() = 0;
  [[nodiscard]] virtual DeviceMemory memory() const = 0;
  // May it be destroyed? Errors (Problem): EBUSY while mapped or pinned.
  virtual Outcome<void> close() = 0;

protected:
  explicit Device(DeviceFacts facts) : facts_(std::move(facts)) {}
  // Errors (Problem): EBUSY: mapped, or referenced.
  [[nodiscard]] Outcome<void> check_unused(Platform& platform, const mm::DevicePages& pages,
                                           const pgmap::DevPagemap& pgmap) const;

private:
  DeviceFacts facts_;
};

// Errors (Problem): see daxemu_device_open().
[[nodiscard]] Outcome<std::unique_ptr<Device>> open_device(Platform& platform, DeviceSpec spec);
[[nodiscard]] Outcome<std::unique_ptr<Device>> open_emulated(Platform& platform, DeviceSpec spec,
                                                             const std::string& why);
[[nodiscard]] Outcome<std::unique_ptr<Device>> open_real(Platform& platform, const kernel::Choice& choice);

} // namespace daxemu::api
