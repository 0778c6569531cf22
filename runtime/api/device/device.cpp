#include "runtime/api/device/device.hpp"

#include "emu/dax/device/device_name.hpp"

namespace daxemu::api {
namespace {

std::string next_free_name(Platform& platform) {
  for (int id = 0;; ++id) {
    std::string name = "dax0." + std::to_string(id);
    if (platform.store().device_named(name) == nullptr) {
      return name;
    }
  }
}

} // namespace

Outcome<void> Device::check_unused(Platform& platform, const mm::DevicePages& pages,
                                   const pgmap::DevPagemap& pgmap) const {
  if (platform.mm().is_mapped(pages)) {
    return refuse(EBUSY, facts_.name + " is still mapped", "unmap it first");
  }
  const auto busy = pgmap.busy();
  if (busy && !busy->folios.empty()) {
    return refuse(EBUSY, facts_.name + " is still referenced:\n" + busy->text(), "unpin what is listed");
  }
  return {};
}

Outcome<std::unique_ptr<Device>> open_device(Platform& platform, DeviceSpec spec) {
  const std::lock_guard lock(platform.opening);
  if (spec.name.empty()) {
    spec.name = next_free_name(platform);
  }
  if (!dax::parse_device_name(spec.name)) {
    return refuse(EINVAL, "'" + spec.name + "' is no device name", "use daxX.Y, such as dax0.0");
  }
  if (!spec.device_dax) {
    if (spec.mode == kernel::Mode::kernel) {
      return refuse(EINVAL, "mode kernel has device-dax only", "use type GENERIC, or another mode");
    }
    return open_emulated(platform, std::move(spec), "emulated: no real device has this memory type");
  }
  auto choice = kernel::choose(spec.mode, {.name = spec.name, .size = spec.size, .align = spec.align});
  if (!choice) {
    return tl::unexpected(choice.error());
  }
  return choice->real ? open_real(platform, *choice) : open_emulated(platform, std::move(spec), choice->why);
}

} // namespace daxemu::api
