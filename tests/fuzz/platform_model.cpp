#include "tests/fuzz/platform_model.hpp"

#include <algorithm>

#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/dax/region_space.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/tree/resolve.hpp"
#include "tests/fuzz/target.hpp"

namespace daxemu::fuzz {
namespace {

using store::DeviceRecord;
using store::DeviceState;
using store::RegionKind;
using store::RegionRecord;

constexpr std::uint64_t kRegionSize = 512ULL << 20; // four memory blocks: kmem has something to take
constexpr std::uint64_t kDeviceSize = 256ULL << 20;

store::Store new_store() {
  auto fd = sys::memfd_create("fuzz", MFD_CLOEXEC);
  require(fd.has_value(), "a memfd can be made");
  auto store = store::Store::create(
      UniqueFd(*fd), "fuzz",
      {.regions = 4, .devices = 16, .processes = 4, .backing_slots = 64, .driver_ids = 16, .memory_blocks = 64});
  require(store.has_value(), "a store can be made");
  store->platform().dax_major = 254;
  store->platform().backing_wanted = store::BackingKind::shmem;
  return std::move(*store);
}

void collect(const sysfs::Directory& directory, const sysfs::Scope& scope, const std::string& path,
             std::vector<std::string>& into) {
  sysfs::each_entry(directory, scope,
                    [&](std::string_view name, const sysfs::NodeSpec& spec, const sysfs::Scope& narrowed) {
                      const std::string below = path + "/" + std::string(name);
                      if (spec.type == sysfs::NodeType::directory) {
                        collect(*spec.directory, narrowed, below, into);
                      } else if (spec.type == sysfs::NodeType::attribute && (spec.mode & 0222U) != 0) {
                        into.push_back(below);
                      }
                      return true;
                    });
}

struct Piece {
  std::uint64_t start;
  std::uint64_t end;
};

bool is_there(const DeviceRecord& device) {
  return device.state.load() != DeviceState::absent;
}

void check_device(const store::Store& store, const DeviceRecord& device, std::vector<Piece>& pieces) {
  const RegionRecord& region = store.region_of(device);
  std::uint64_t size = 0;
  require(device.nr_ranges <= store::kMaxRanges, "a device has at most so many ranges");
  for (std::uint32_t at = 0; at < device.nr_ranges; ++at) {
    const store::RangeRecord& range = device.ranges[at];
    require(range.size != 0, "no range is empty");
    require(range.pgoff == size >> kPageShift, "ranges follow each other in the device");
    require(is_aligned(range.size, kPmdSize), "ranges are of sub-sections");
    require(range.phys_start >= region.phys_start && range.phys_start + range.size <= region.phys_start + region.size,
            "a range lies in its region");
    pieces.push_back({range.phys_start, range.phys_start + range.size});
    size += range.size;
  }
  require(device.size.load() == size, "a device's size is that of its ranges");
  require(!dax::is_bound(device) || size != 0, "a bound device has bytes");
  require(device.align == kPageSize || device.align == kPmdSize || device.align == kPudSize,
          "an extent's size is known");
  require(is_aligned(size, device.align), "a device is whole extents");
}

// One holder at most has the namespace, and the device is there exactly while a dax is bound.
void check_namespace(const store::Store& store, const RegionRecord& region) {
  if (region.kind != RegionKind::pmem) {
    return;
  }
  std::uint32_t held = 0;
  std::uint32_t bound = 0;
  for (const store::NdHolderRecord& holder : region.nd.holders) {
    held += holder.holds;
    bound += holder.bound;
    require(holder.bound == 0 || (holder.holds != 0 && holder.kind == store::NdKind::dax),
            "a bound holder is a dax with the namespace");
  }
  require(held <= 1, "one holder has the namespace");
  require((bound == 1) == is_there(store.devices()[region.nd.device - 1]), "a bound dax is a device");
}

} // namespace

PlatformModel::PlatformModel() : store_(new_store()) {
  for (std::uint32_t id = 0; id < 3; ++id) {
    const RegionKind kind = id == 2 ? RegionKind::pmem : RegionKind::hmem;
    const auto region = dax::add_region(store_, {.kind = kind,
                                                 .id = id,
                                                 .data_size = kind == RegionKind::pmem ? kDeviceSize : kRegionSize,
                                                 .align = kPmdSize,
                                                 .numa_node = id == 1 ? 0 : -1,
                                                 .target_node = id == 1 ? 1 : -1});
    require(region.has_value(), "a region can be added");
    dax::DeviceSpec spec;
    spec.name = {id, 0};
    spec.size = kDeviceSize;
    spec.align = kPmdSize;
    require(dax::add_device(store_, spec).has_value(), "a device can be added");
  }
  add_files();
}

void PlatformModel::add_files() {
  constexpr std::uint32_t kFiles = 6; // fewer than devices: running out of them is tried too
  for (std::uint32_t number = 0; number < kFiles; ++number) {
    auto bytes = source_.make("spare", kPageSize);
    auto folios = source_.make("folios", kPageSize);
    require(bytes && folios, "files can be made");
    const auto st = sys::fstat(bytes->fd.get());
    store::BackingSlot& slot = store_.backing_slot_table()[number];
    slot.backing.kind = store::BackingKind::shmem;
    slot.backing.st_dev = st->st_dev;
    slot.backing.st_ino = st->st_ino;
    slot.backing.page_size = kPageSize;
    slot.backing.location.assign(bytes->location);
    slot.folios_location.assign(folios->location);
    store_.platform().backing_slots_used.store(number + 1);
    held_.push_back(std::move(bytes->fd));
    held_.push_back(std::move(folios->fd));
  }
}

std::vector<std::string> PlatformModel::writable_attributes() const {
  std::vector<std::string> all;
  collect(sysfs::kRoot, {.store = &store_}, "", all);
  return all;
}

std::string PlatformModel::configuration() const {
  std::string text;
  const auto put = [&](std::uint64_t value) { text += std::to_string(value) + " "; };
  for (const RegionRecord& region : store_.regions()) {
    put(region.seed);
    put(region.youngest);
    put(region.nd.unbound);
    for (const store::NdHolderRecord& holder : region.nd.holders) {
      put(static_cast<std::uint64_t>(holder.kind));
      put(holder.bound);
      put(holder.holds);
      put(holder.unit);
    }
  }
  for (const DeviceRecord& device : store_.devices()) {
    put(static_cast<std::uint64_t>(device.state.load()));
    if (is_there(device)) {
      put(device.id);
      put(device.align);
      put(device.size.load());
      for (std::uint32_t at = 0; at < device.nr_ranges; ++at) {
        put(device.ranges[at].phys_start);
        put(device.ranges[at].size);
      }
    }
    text += "\n";
  }
  return text;
}

void PlatformModel::check() const {
  for (const RegionRecord& region : store_.regions()) {
    std::vector<Piece> pieces;
    for (const DeviceRecord& device : store_.devices()) {
      if (is_there(device) && &store_.region_of(device) == &region) {
        check_device(store_, device, pieces);
      }
    }
    std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.start < b.start; });
    std::uint64_t used = 0;
    for (std::size_t at = 0; at < pieces.size(); ++at) {
      require(at == 0 || pieces[at - 1].end <= pieces[at].start, "ranges do not overlap");
      used += pieces[at].end - pieces[at].start;
    }
    require(dax::available_size(store_, region) + used == region.size, "available_size adds up");
  }
  for (const RegionRecord& region : store_.regions()) {
    check_namespace(store_, region);
  }
  for (std::uint32_t at = 0; at < store_.backing_slots().size(); ++at) {
    const std::uint32_t owner = store_.backing_slots()[at].owner.load();
    const auto has_it = [&](const DeviceRecord& device) {
      return (is_there(device) || device.kept != 0) && device.slot == at + 1;
    };
    require(owner == 0 || has_it(store_.devices()[owner - 1]), "a file in use belongs to a device that has it");
  }
  require((store_.platform().sequence.load() & 1U) == 0, "no change is left under way");
}

} // namespace daxemu::fuzz
