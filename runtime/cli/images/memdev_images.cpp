#include "runtime/cli/images/memdev_images.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "emu/cxl/change.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/nd/media/media.hpp"
#include "runtime/cli/text/because.hpp"

namespace daxemu::cli {

bool is_memdev_image(const store::BackingSlot& slot) {
  const std::uint32_t owner = slot.owner.load();
  return (owner & store::kCxlOwner) != 0 && (owner & store::kDiskOwner) == 0 &&
         slot.backing.kind == store::BackingKind::file;
}

bool has_memdev_images(const store::Store& store) {
  return std::ranges::any_of(store.backing_slots(), is_memdev_image);
}

Outcome<void> flush_memdev_images(const store::Store& store) {
  for (const store::BackingSlot& slot : store.backing_slots()) {
    if (is_memdev_image(slot)) {
      const UniqueFd fd(::open(slot.backing.location.c_str(), O_RDWR | O_CLOEXEC));
      if (!fd || ::fsync(fd.get()) != 0) {
        return because(fmt::format("the image {}", slot.backing.location.view()), errno, "check the disk");
      }
    }
  }
  return {};
}

Outcome<std::uint64_t> sync_memdevs(const store::Store& store) {
  std::uint64_t devices = 0;
  {
    auto change = cxl::Change::begin(store);
    if (!change) {
      return because("the platform", change.error().value, "check that its store is still there");
    }
    for (const store::DeviceRecord& device : store.devices()) {
      if (device.has_media != 0) {
        if (auto saved = nd::save_media(store, device); !saved) {
          return because(fmt::format("the bytes of {} to its memdevs", store.name_of(device).view()),
                         saved.error().value, "make room on the disk, or free some memory");
        }
        ++devices;
      }
    }
    for (const store::RegionRecord& space : store.regions()) {
      if (space.used.load() != 0 && space.nd.parent != 0 && space.cxl != 0 && dax::nd::is_disk(space)) {
        if (auto saved = nd::save_disk(store, space); !saved) {
          return because("the bytes of a disk to its memdevs", saved.error().value,
                         "make room on the disk, or free some memory");
        }
        ++devices;
      }
    }
  }
  auto flushed = flush_memdev_images(store);
  return flushed ? Outcome<std::uint64_t>(devices) : tl::unexpected(flushed.error());
}

} // namespace daxemu::cli
