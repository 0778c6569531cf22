#include "runtime/cli/platforms/image_use.hpp"

#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>

#include "emu/backing/image/image.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/unsaved.hpp"

namespace daxemu::cli {
namespace {

struct Use {
  std::string platform;
  bool snapshot = false;
};

bool is_same_file(const char* a, const char* b) {
  const auto first = sys::fstatat(AT_FDCWD, a, 0);
  const auto second = sys::fstatat(AT_FDCWD, b, 0);
  return first && second && first->st_dev == second->st_dev && first->st_ino == second->st_ino;
}

std::optional<Use> use_in(const store::Store& store, const std::string& image) {
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load() != store::DeviceState::absent && !device.image.empty() &&
        is_same_file(device.image.c_str(), image.c_str())) {
      return Use{std::string(store.platform().name.view()), device.snapshot != 0};
    }
  }
  return std::nullopt;
}

// A platform of this user that has the image, and does not go together with another such use.
std::optional<Use> conflict_with(const std::string& image, bool snapshot) {
  std::optional<Use> conflict;
  each_store([&](const store::Store& store) {
    auto use = use_in(store, image);
    if (use && !(snapshot && use->snapshot)) {
      conflict = std::move(use);
    }
    return !conflict;
  });
  return conflict;
}

} // namespace

Outcome<void> settle_images(const PlatformPlan& plan) {
  for (const RegionPlan& region : plan.regions) {
    for (const DevicePlan& device : region.devices) {
      const auto use = device.image.empty() ? std::nullopt : conflict_with(device.image, device.snapshot);
      if (!use || !is_unsaved(use->platform)) {
        continue;
      }
      if (auto settled = settle_unsaved(use->platform); !settled) {
        return settled;
      }
    }
  }
  return {};
}

Outcome<std::optional<UniqueFd>> attach_image(const DevicePlan& device) {
  if (device.image.empty()) {
    return std::optional<UniqueFd>();
  }
  if (const auto use = conflict_with(device.image, device.snapshot)) {
    return refuse(EBUSY,
                  fmt::format("the image {} is in use by platform {}{}", device.image, use->platform,
                              use->snapshot ? ", which reads it" : ""),
                  device.snapshot || use->snapshot ? "wait for its end, or use a copy"
                                                   : "use that platform, wait for its end, or use a copy");
  }
  if (!device.snapshot) {
    auto made = backing::Image::create(device.image, device.size, device.align);
    if (!made && made.error().code != EEXIST) {
      return tl::unexpected(made.error());
    }
    return std::optional<UniqueFd>();
  }
  auto image = backing::Image::open(device.image, backing::Image::Access::read_only);
  if (!image) {
    return tl::unexpected(image.error());
  }
  auto held = sys::dup_above(image->fd(), 0); // of the same description, so the lock lives on
  if (!held) {
    return refuse(held.error().value, fmt::format("no descriptor for the image {}", device.image),
                  "raise the limit of open files");
  }
  return std::optional<UniqueFd>(UniqueFd(*held));
}

} // namespace daxemu::cli
