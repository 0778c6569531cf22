#include "tests/faults/torture_lab.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <daxemu/gup.h>

#include "emu/backing/image/image.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/bus.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/dax/region_space.hpp"
#include "runtime/cli/images/image_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"

namespace daxemu::torture {
namespace {

namespace fs = std::filesystem;
using store::DeviceRecord;
using store::DeviceState;

bool is_there(const DeviceRecord& device) {
  return device.state.load() != DeviceState::absent;
}

fs::path home_of(int pid) {
  return "/dev/shm/daxemu-torture-" + std::to_string(pid);
}
fs::path image_of(int pid) { // beside the build, not in /tmp: that may be a tmpfs, which knows no O_DIRECT
  return fs::current_path() / ("torture-" + std::to_string(pid) + ".img");
}

std::uint64_t file_size_of(const FixedString<128>& location) {
  std::error_code none;
  const std::uint64_t size = fs::file_size(location.c_str(), none);
  return none ? 0 : size;
}

} // namespace

Lab::Lab(Shared& shared) : shared_(shared), home_(home_of(::getpid())), image_(image_of(::getpid())) {
  fs::create_directory(home_);
  fs::permissions(home_, fs::perms::owner_all);
  ::setenv("DAXEMU_HOME", home_.c_str(), 1);
  daxemu_device_spec spec{};
  spec.struct_size = sizeof spec;
  spec.name = "dax0.0";
  spec.size = kPinnedExtents * kExtent;
  spec.align = kExtent;
  spec.backing = "shmem";
  spec.mode = "emulate";
  if (::daxemu_platform_create("pins", &pins_) != 0 || ::daxemu_device_open(pins_, &spec, &pinned_) != 0) {
    wrong(shared_, "libdaxemu: %s", ::daxemu_last_error());
  }
}

Lab::~Lab() {
  stop();
  ::daxemu_device_close(pinned_);
  ::daxemu_platform_destroy(pins_);
  remove_files(::getpid());
}

void Lab::remove_files(int pid) {
  std::error_code ignored;
  fs::remove_all(home_of(pid), ignored);
  fs::remove(image_of(pid), ignored);
}

void Lab::start(unsigned choice) {
  constexpr store::EngineKind kEngines[] = {store::EngineKind::automatic, store::EngineKind::inline_,
                                            store::EngineKind::populate};
  cli::PlatformPlan plan;
  plan.engine = kEngines[choice % std::size(kEngines)];
  plan.backing = store::BackingKind::shmem;
  cli::RegionPlan region;
  region.free = kFree;
  region.devices = {{.id = 0, .size = kExtents * kExtent, .align = kExtent, .backing = {}, .image = image_}};
  plan.regions = {region};
  auto made = cli::create_named("torture", plan);
  if (!made) {
    wrong(shared_, "create: %s", made.error().what.c_str());
  }
  store_ = std::move(*made);
}

void Lab::stop() {
  if (store_) {
    store_.reset();
    if (auto gone = cli::destroy_named("torture", false); !gone) {
      wrong(shared_, "destroy: %s", gone.error().what.c_str());
    }
  }
}

void Lab::check_bus() const {
  auto change = dax::Change::begin(*store_); // who died while changing is repaired here
  if (!change) {
    wrong(shared_, "the configuration cannot be locked: errno %d", change.error().value);
  }
  const store::RegionRecord& region = store_->regions()[0];
  std::uint64_t used = 0;
  std::uint64_t last_end = region.phys_start;
  for (auto at = dax::next_allocation(*store_, region, region.phys_start); at;
       at = dax::next_allocation(*store_, region, at->end)) {
    if (at->start < last_end || at->end > region.phys_start + region.size) {
      wrong(shared_, "a range of dax0.%u overlaps another, or is outside the region", at->device->id);
    }
    last_end = at->end;
    used += at->end - at->start;
  }
  std::uint64_t sizes = 0;
  std::set<std::uint32_t> files;
  for (const DeviceRecord& device : store_->devices()) {
    if (!is_there(device)) {
      continue;
    }
    const std::uint64_t size = device.size.load();
    sizes += size;
    if (size == 0 && device.slot != 0) {
      wrong(shared_, "dax0.%u has no bytes, and a file", device.id);
    }
    if (size == 0) {
      continue;
    }
    const bool own = device.slot != 0 && store_->backing_slots()[device.slot - 1].owner.load() ==
                                             static_cast<std::uint32_t>(&device - store_->devices().data()) + 1;
    if (!own || !files.insert(device.slot).second || file_size_of(device.backing.location) != size) {
      wrong(shared_, "the file of dax0.%u is not its own, or of another size than the device's %lu bytes", device.id,
            static_cast<unsigned long>(size));
    }
  }
  const std::uint64_t available = dax::available_size(*store_, region);
  if (sizes != used || used + available != region.size) {
    wrong(shared_, "sizes do not add up: devices %lu, ranges %lu, available %lu of %lu",
          static_cast<unsigned long>(sizes), static_cast<unsigned long>(used), static_cast<unsigned long>(available),
          static_cast<unsigned long>(region.size));
  }
  const auto slots = store_->backing_slots();
  for (std::uint32_t at = 0; at < slots.size(); ++at) {
    if ((slots[at].owner.load() != 0) != files.contains(at + 1)) {
      const std::uint32_t owner = slots[at].owner.load();
      const DeviceRecord& device = store_->device_table()[owner == 0 ? 0 : owner - 1];
      wrong(shared_, "file %u has owner %u, a device of state %u, %u ranges, %lu bytes and file %u; %lu repairs so far",
            at + 1, owner, static_cast<unsigned>(device.state.load()), device.nr_ranges,
            static_cast<unsigned long>(device.size.load()), device.slot,
            static_cast<unsigned long>(store_->platform().recoveries.load()));
    }
  }
}

void Lab::clear_bus() const {
  auto change = dax::Change::begin(*store_);
  for (DeviceRecord& device : store_->devices()) {
    if (!is_there(device) || device.id == 0) {
      continue;
    }
    if (const dax::Driver* driver = dax::driver_of(device)) {
      (void)dax::unbind(*store_, device, *driver);
    }
    if (!dax::resize(*store_, device, 0) || !dax::delete_device(*store_, device)) {
      wrong(shared_, "dax0.%u cannot be deleted", device.id);
    }
  }
  if (dax::available_size(*store_, store_->regions()[0]) != kFree) {
    wrong(shared_, "of the free space something is lost");
  }
}

void Lab::check_quiet() const {
  if (const auto users = cli::users_of(*store_); !users.empty()) {
    wrong(shared_, "process %d still counts as a user", users.front());
  }
  char text[256] = "";
  if (::daxemu_pins(pins_, text, sizeof text) != 0) {
    wrong(shared_, "a pin has leaked: %s", text);
  }
  if (::daxemu_bad_releases() != 0) {
    wrong(shared_, "%lu releases could not be", ::daxemu_bad_releases());
  }
  check_image();
}

void Lab::check_image() const {
  if (auto saved = cli::write_back(*store_); !saved) {
    wrong(shared_, "write-back: %s", saved.error().what.c_str());
  }
  const auto image = backing::Image::open(image_, backing::Image::Access::read_only);
  if (!image || !image->damaged().empty()) {
    wrong(shared_, "the image is damaged: %s", image ? "entries" : image.error().what.c_str());
  }
  std::vector<std::byte> bytes(kExtent);
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    const std::uint64_t committed = shared_.committed[at].load();
    if (!image->read(ExtentIndex(at), bytes) || (committed != 0 && !has_version(bytes, committed))) {
      wrong(shared_, "extent %lu of the image does not have the committed version %lu", static_cast<unsigned long>(at),
            static_cast<unsigned long>(committed));
    }
  }
}

} // namespace daxemu::torture
