#include "runtime/cli/platforms/unsaved.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/falloc.h>
#include <sys/file.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/dax/device/device_name.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/mm/folio_table.hpp"
#include "runtime/cli/images/device_files.hpp"
#include "runtime/cli/images/image_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/text/because.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

constexpr std::string_view kPrefix = "unsaved-";
constexpr std::uint64_t kChunk = 2ULL << 20; // bytes that are moved at once
constexpr int kSameNumber = 1000;            // runs of one process number whose platforms are kept

bool is_to_be_kept(const store::DeviceRecord& device) {
  return device.state.load() != store::DeviceState::absent && !device.image.empty() && device.snapshot == 0;
}

// The same devices as memory of no kind: what they are to programs is in no image.
PlatformPlan plan_of(const store::Store& store) {
  PlatformPlan plan;
  plan.kernel = store.profile().id;
  plan.backing = store::BackingKind::shmem;
  for (const store::DeviceRecord& device : store.devices()) {
    if (!is_to_be_kept(device)) {
      continue;
    }
    const auto name = dax::parse_device_name(store.name_of(device).view());
    const std::uint32_t region = name ? name->region : 0;
    auto found = std::find_if(plan.regions.begin(), plan.regions.end(),
                              [region](const RegionPlan& one) { return one.id == region; });
    if (found == plan.regions.end()) {
      found = plan.regions.insert(found, RegionPlan());
      found->id = region;
    }
    found->devices.push_back({.id = name ? name->id : 0,
                              .size = device.size.load(),
                              .align = device.align,
                              .backing = {},
                              .image = std::string(device.image.view())});
  }
  return plan;
}

// Holes stay holes: an extent may be mostly that.
Result<void> copy(int from, int to, std::uint64_t begin, std::uint64_t end, std::vector<std::byte>& room) {
  for (std::uint64_t at = begin; at < end;) {
    const auto got = sys::pread(from, room.data(), std::min<std::uint64_t>(room.size(), end - at), at);
    if (!got || *got == 0) {
      return got ? fail(EIO) : tl::unexpected(got.error());
    }
    const bool is_empty = room.front() == std::byte{0} && std::memcmp(room.data(), room.data() + 1, *got - 1) == 0;
    for (std::size_t put = 0; put < *got && !is_empty;) {
      const auto written = sys::pwrite(to, room.data() + put, *got - put, at + put);
      if (!written) {
        return tl::unexpected(written.error());
      }
      put += *written;
    }
    at += *got;
  }
  return {};
}

// Extent by extent: both at once may be more than the machine has.
Result<void> move(const DeviceFiles& from, const DeviceFiles& to, std::uint64_t align) {
  std::vector<std::byte> room(std::min(align, kChunk));
  for (std::uint64_t at = 0; at < from.folios.size(); ++at) {
    const ExtentIndex extent(at);
    if ((from.folios[extent].flags.load() & mm::kFolioTouched) == 0) {
      continue;
    }
    if (auto copied = copy(from.bytes.get(), to.bytes.get(), at * align, (at + 1) * align, room); !copied) {
      return copied;
    }
    to.folios[extent].flags.fetch_or(mm::kFolioTouched | mm::kFolioLoaded);
    (void)sys::fallocate(from.bytes.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at * align, align);
  }
  return {};
}

} // namespace

bool is_unsaved(std::string_view platform) {
  return platform.starts_with(kPrefix) &&
         platform.find_first_not_of("0123456789.", kPrefix.size()) == std::string_view::npos;
}

Outcome<std::string> keep_unsaved(const store::Store& store) {
  const PlatformPlan plan = plan_of(store);
  for (store::DeviceRecord& device : store.devices()) {
    if (is_to_be_kept(device)) {
      device.image.assign(""); // it has one platform that writes
    }
  }
  std::string name = fmt::format("{}{}", kPrefix, sys::getpid());
  auto kept = create_named(name, plan, Room::part);
  for (int next = 2; !kept && kept.error().code == EEXIST && next <= kSameNumber; ++next) {
    name = fmt::format("{}{}.{}", kPrefix, sys::getpid(),
                       next); // an earlier run, or one of another PID namespace, had the number
    kept = create_named(name, plan, Room::part);
  }
  if (!kept) {
    return tl::unexpected(kept.error());
  }
  for (const RegionPlan& region : plan.regions) {
    for (const DevicePlan& device : region.devices) {
      const std::string called = fmt::format("dax{}.{}", region.id, device.id);
      const store::DeviceRecord* from = store.device_named(called);
      const store::DeviceRecord* to = kept->device_named(called);
      auto source = from == nullptr ? Result<DeviceFiles>(fail(ENODEV)) : open_device_files(store, *from);
      auto target = to == nullptr ? Result<DeviceFiles>(fail(ENODEV)) : open_device_files(*kept, *to);
      auto moved = source && target ? move(*source, *target, device.align)
                                    : Result<void>(tl::unexpected(source ? target.error() : source.error()));
      if (!moved) {
        (void)destroy_named(name, true);
        return because(fmt::format("keeping {} as platform {}", called, name), moved.error().value,
                       "free memory before the next run");
      }
    }
  }
  return name;
}

Outcome<void> settle_unsaved(const std::string& platform) {
  // Two runs with the image may begin at once. The second is not to write it once more, over what the first one has
  // written to it since.
  const auto location = location_of_platform(platform);
  const auto file = location ? sys::open(location->c_str(), O_RDONLY | O_CLOEXEC) : Result<int>(fail(ENOENT));
  if (!file) {
    return {};
  }
  const UniqueFd turn(*file);
  while (::flock(turn.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  if (::access(location->c_str(), F_OK) != 0) {
    return {};
  }
  auto store = open_platform(platform);
  if (!store) {
    return tl::unexpected(store.error());
  }
  if (!users_of(*store).empty()) {
    return refuse(EBUSY, fmt::format("platform {} is in use", platform), "wait for the end of what uses it");
  }
  if (auto saved = write_back(*store, progress_line("written back")); !saved) {
    return tl::unexpected(saved.error());
  }
  if (auto gone = destroy_named(platform, false); !gone) {
    return gone;
  }
  note(fmt::format("platform {}: what an earlier run could not write back is written back now", platform));
  return {};
}

} // namespace daxemu::cli
