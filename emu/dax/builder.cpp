#include "emu/dax/builder.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <string_view>

#include "emu/base/text/size_text.hpp"
#include "emu/base/text/text_file.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/store/records/device_index.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::DeviceState;
using store::RegionRecord;

std::string full_name(const DeviceName& name) {
  return "dax" + std::to_string(name.region) + "." + std::to_string(name.id);
}

RegionRecord* find_region(store::Store& store, std::uint32_t id) {
  for (RegionRecord& region : store.regions()) {
    if (region.used.load() == 1 && region.id == id) {
      return &region;
    }
  }
  return nullptr;
}

// The first address of `region` behind its devices. Devices added here never leave a hole.
std::uint64_t next_free(store::Store& store, const RegionRecord& region, std::uint64_t data_start) {
  std::uint64_t end = data_start;
  for (const DeviceRecord& device : store.devices()) {
    if (device.state.load() == DeviceState::absent || &store.region_of(device) != &region) {
      continue;
    }
    for (std::uint32_t at = 0; at < device.nr_ranges; ++at) {
      end = std::max(end, device.ranges[at].phys_start + device.ranges[at].size);
    }
  }
  return end;
}

// The device's file joins the platform's, to be used again when the device is gone. 0: the table is full.
std::uint32_t register_file(const store::Store& store, std::uint32_t device, const DeviceSpec& spec) {
  const std::uint32_t number = store.platform().backing_slots_used.load();
  if (number >= store.platform().backing_slot_capacity || spec.backing.kind == store::BackingKind::none) {
    return 0;
  }
  store::BackingSlot& slot = store.backing_slot_table()[number];
  slot.backing = spec.backing;
  slot.folios_location = spec.folios_location;
  slot.uses = 1;
  slot.owner = device + 1;
  store.platform().backing_slots_used.store(number + 1, std::memory_order_release);
  return number + 1;
}
// Its node too.
std::uint32_t register_node(const store::Store& store, std::uint32_t device, const DeviceSpec& spec) {
  const std::uint32_t number = store.platform().node_slots_used.load();
  if (number >= store.platform().node_slot_capacity || spec.node.st_ino == 0) {
    return 0;
  }
  store::NodeSlot& slot = store.node_slot_table()[number];
  slot.node = spec.node;
  slot.uses = 1;
  slot.name = store.name_of(store.device_table()[device]);
  slot.owner = device + 1;
  store.platform().node_slots_used.store(number + 1, std::memory_order_release);
  return number + 1;
}

} // namespace

Outcome<void> give_first(const store::Store& store, DeviceRecord& device, FirstDriver first) {
  if (first == FirstDriver::none) {
    return {};
  }
  if (first == FirstDriver::kernels) {
    probe(store, device);
    return {};
  }
  const Driver& driver = first == FirstDriver::kmem ? kKmem : first == FirstDriver::fsdev_dax ? kFsdevDax : kDeviceDax;
  const auto given = give(store, device, driver);
  if (given) {
    return {};
  }
  const std::string what(driver.name);
  if (given.error() == Errno{ENOMEM} && &driver != &kKmem) { // the kernel's list of names has no end (do_id_store)
    return refuse(ENOMEM, "the driver " + what + " cannot be told to take " + std::string(store.name_of(device).view()),
                  "use fewer devices, or several platforms: drivers of a platform know " +
                      std::to_string(store.driver_ids().size()) + " names that were written to new_id");
  }
  if (given.error() == Errno{ENOMEM}) {
    return refuse(ENOMEM, "the driver " + what + " has no room for " + std::string(store.name_of(device).view()),
                  "choose a smaller size: a platform has " + std::to_string(store.memory_blocks().size()) +
                      " blocks of " + size_text(store.platform().memory_block_size));
  }
  return given.error() == Errno{ENODEV}
             ? refuse(ENODEV, "Linux " + std::string(store.profile().version) + " has no driver " + what,
                      "choose another driver, or a newer kernel")
             : refuse(given.error().value,
                      "the driver " + what + " refuses " + std::string(store.name_of(device).view()),
                      "kmem takes memory with a NUMA node of its own, in whole blocks of " +
                          size_text(store.platform().memory_block_size));
}

Outcome<void> check_geometry(std::uint64_t size, std::uint64_t align) {
  if (align != kPageSize && align != kPmdSize && align != kPudSize) {
    return refuse(EINVAL, "--align " + size_text(align) + " is no extent size of device-dax",
                  "use --align 4K, 2M or 1G");
  }
  const std::uint64_t unit = std::max(align, kPmdSize);
  if (size == 0 || !is_aligned(size, unit)) {
    const std::uint64_t below = std::max(align_down(size, unit), unit);
    return refuse(EINVAL,
                  "--size " + size_text(size) + " is not a multiple of " + size_text(unit) +
                      (unit == align ? " (the --align)" : " (the kernel's unit for device memory)"),
                  "use --size " + size_text(below) + " or " + size_text(below + unit));
  }
  return {};
}

std::uint64_t pmem_data_offset(std::uint64_t align) {
  return align_up(8192, std::max(align, kPmdSize));
}

Outcome<RegionRecord*> add_region(store::Store& store, const RegionSpec& spec) {
  auto change = Change::begin(store);
  if (!change) {
    return refuse(change.error().value, "the platform cannot be locked", "check that its store is still there");
  }
  if (find_region(store, spec.id) != nullptr) {
    return refuse(EEXIST, "region " + std::to_string(spec.id) + " exists already", "choose another number");
  }
  store::Platform& platform = store.platform();
  const std::uint32_t index = platform.regions_used.load();
  if (index >= platform.region_capacity) {
    return refuse(ENOSPC, "the platform has room for " + std::to_string(platform.region_capacity) + " regions",
                  "use fewer regions, or several platforms");
  }
  std::uint64_t start = spec.phys_start != 0 ? spec.phys_start : kFirstRegionStart;
  for (const RegionRecord& other : store.regions()) {
    start = std::max(start, align_up(other.phys_start + other.size, kPudSize));
  }
  RegionRecord& region = store.region_table()[index];
  region.id = spec.id;
  region.kind = spec.kind;
  region.numa_node = spec.numa_node;
  region.target_node = spec.target_node.value_or(spec.numa_node);
  region.cpus = spec.cpus;
  region.phys_start = start;
  if (spec.kind == store::RegionKind::pmem) {
    region.size = spec.data_size + pmem_data_offset(spec.align);
    region.align = spec.align;
  } else {
    region.size = spec.data_size;
    region.align = kPmdSize; // alloc_dax_region(..., PMD_SIZE, ...) in drivers/dax/hmem/hmem.c
  }
  region.used.store(1, std::memory_order_release);
  platform.regions_used.store(index + 1, std::memory_order_release);
  return &region;
}

Outcome<DeviceRecord*> add_device(store::Store& store, const DeviceSpec& spec) {
  if (auto fine = check_geometry(spec.size, spec.align); !fine) {
    return tl::unexpected(fine.error());
  }
  auto change = Change::begin(store);
  if (!change) {
    return refuse(change.error().value, "the platform cannot be locked", "check that its store is still there");
  }
  RegionRecord* region = find_region(store, spec.name.region);
  if (region == nullptr) {
    return refuse(ENODEV,
                  full_name(spec.name) + " belongs to region " + std::to_string(spec.name.region) +
                      ", which does not exist",
                  "create the region first");
  }
  if (store.device_named(full_name(spec.name)) != nullptr) {
    return refuse(EEXIST, full_name(spec.name) + " exists already", "choose another name");
  }
  const std::uint64_t data_start =
      region->phys_start + (region->kind == store::RegionKind::pmem ? pmem_data_offset(region->align) : 0);
  const std::uint64_t start = align_up(next_free(store, *region, data_start), std::max(spec.align, kPmdSize));
  const std::uint64_t end = region->phys_start + region->size;
  if (start > end || end - start < spec.size) {
    return refuse(ENOSPC,
                  "region " + std::to_string(region->id) + " has " + size_text(start > end ? 0 : end - start) +
                      " left, " + full_name(spec.name) + " needs " + size_text(spec.size),
                  "make the region larger or the device smaller");
  }
  store::Platform& platform = store.platform();
  const std::uint32_t used = platform.devices_used.load();
  std::uint32_t index = 0;
  while (index < used &&
         (store.device_table()[index].state.load() != DeviceState::absent || store.device_table()[index].kept != 0)) {
    ++index;
  }
  if (index >= platform.device_capacity) {
    return refuse(ENOSPC, "the platform has room for " + std::to_string(platform.device_capacity) + " devices",
                  "use fewer devices, or several platforms");
  }
  DeviceRecord& device = store.device_table()[index];
  device.region = static_cast<std::uint32_t>(region - store.region_table().data());
  device.id = spec.name.id;
  device.minor = index; // the kernel's ida gives the lowest free one too
  device.numa_node = region->numa_node;
  device.target_node = region->target_node;
  device.align = spec.align;
  device.size = spec.size;
  device.ranges[0] = {.pgoff = 0, .phys_start = start, .size = spec.size};
  device.nr_ranges = 1;
  store::hint_at_node(store.region_table(), store.device_table(), device, spec.node);
  device.node = spec.node;
  device.backing = spec.backing;
  device.folios_location = spec.folios_location;
  device.image = spec.image;
  device.snapshot = spec.snapshot ? 1 : 0;
  device.cpus = spec.cpus;
  device.behaviours = spec.behaviours;
  device.slot = register_file(store, index, spec);
  device.node_slot = register_node(store, index, spec);
  for (store::CounterStripe& stripe : device.counters) {
    stripe.clear();
  }
  device.kept = 0;
  device.born = device.incarnation.fetch_add(1) + 1;
  if (index == used) {
    platform.devices_used.store(used + 1, std::memory_order_release);
  }
  if (region->kind == store::RegionKind::pmem) {
    device.kept = 1;
    nd::begin(store, *region, index, spec.uuid);
  }
  store::hint_at_name(store.region_table(), store.device_table(), device);
  device.state.store(DeviceState::disabled, std::memory_order_release); // after all else: readers take no lock
  if (auto bound = give_first(store, device, spec.driver); !bound) {
    device.state.store(DeviceState::absent, std::memory_order_release);
    return tl::unexpected(bound.error());
  }
  return &device;
}

std::uint32_t free_char_major(const char* proc_devices, std::uint32_t below) {
  std::set<std::uint32_t> taken;
  const std::string text = read_text(proc_devices);
  const std::string_view numbers = std::string_view(text).substr(0, text.find("Block"));
  for (std::size_t at = 0; at < numbers.size(); at = std::min(numbers.find('\n', at), numbers.size() - 1) + 1) {
    const std::size_t digit = std::min(numbers.find_first_not_of(' ', at), numbers.size());
    std::uint32_t major = 0;
    if (std::from_chars(numbers.data() + digit, numbers.data() + numbers.size(), major).ec == std::errc()) {
      taken.insert(major);
    }
  }
  // The kernel's dynamic range, from its upper end down (find_dynamic_major in fs/char_dev.c).
  constexpr std::uint32_t kLowest = 234;
  for (std::uint32_t major = below - 1; major >= kLowest; --major) {
    if (!taken.contains(major)) {
      return major;
    }
  }
  constexpr std::uint32_t kExtended = 511; // and from there down (CHRDEV_MAJOR_DYN_EXT_START)
  return below > kExtended ? kExtended : kExtended - (255 - below);
}

} // namespace daxemu::dax
