#include "emu/procfs/machine_lines.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "emu/base/program/later_relocations.hpp"
#include "emu/base/units.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/dax/memory/left_memory.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/schema/text.hpp"

namespace daxemu::procfs {
namespace {

constexpr std::string_view kDax = "dax";
constexpr std::string_view kNdctl = "ndctl";
constexpr std::string_view kCxl = "cxl";
constexpr std::string_view kDimmctl = "dimmctl";

// In the order in which they are loaded last to first.
DAXEMU_LATER_TABLE constexpr std::string_view kModules[] = {"cxl_pci",    "dax_cxl",  "cxl_mem", "cxl_pmem", "cxl_acpi",
                                                            "fsdev_dax",  "dax_hmem", "nd_e820", "kmem",     "dax_pmem",
                                                            "device_dax", "nd_pmem",  "nd_btt",  "libnvdimm"};

std::uint64_t number_in(const sysfs::Tree& tree, std::string_view module, std::string_view attribute) {
  sysfs::PathText path;
  path.put("/sys/module/").put(module).put("/").put(attribute);
  const auto node = tree.lookup(path.view());
  std::array<char, 32> text{};
  const auto length = node ? tree.show(*node, text) : Result<std::size_t>(tl::unexpected(node.error()));
  std::uint64_t number = 0;
  if (length) {
    std::from_chars(text.data(), text.data() + *length, number);
  }
  return number;
}

bool is_there(const sysfs::Tree& tree, std::string_view module) {
  sysfs::PathText path;
  path.put("/sys/module/").put(module);
  return tree.lookup(path.view()).has_value();
}

bool is_held_by(const sysfs::Tree& tree, std::string_view module, std::string_view holder) {
  sysfs::PathText path;
  path.put("/sys/module/").put(module).put("/holders/").put(holder);
  return tree.lookup(path.view()).has_value();
}

Resource resource(std::uint64_t start, std::uint64_t size, unsigned depth, std::string_view name) {
  return {start, start + size - 1, depth, FixedString<32>(name)};
}

bool is_absent(const store::DeviceRecord& device) {
  return device.state.load(std::memory_order_acquire) == store::DeviceState::absent;
}

// What a driver has claimed: the ranges of a device (dev_dax_probe), or the whole blocks in them (dev_dax_kmem_probe),
// which may have been left.
struct Claim {
  std::uint64_t start = 0;
  std::uint64_t size = 0; // 0: none
  std::uint32_t id = 0;   // of the device
  bool ram = false;
};

// The lowest of the region at or behind `from`.
Claim next_claim(const store::Store& store, const store::RegionRecord& region, std::uint64_t from) {
  const std::uint64_t block = std::max<std::uint64_t>(store.platform().memory_block_size, 1);
  Claim best;
  const auto consider = [&](const Claim& claim) {
    if (claim.size > 0 && claim.start >= from && (best.size == 0 || claim.start < best.start)) {
      best = claim;
    }
  };
  for (const store::DeviceRecord& device : store.devices()) {
    const dax::Driver* driver = dax::driver_of(device);
    const bool ram = driver == &dax::kKmem;
    if (driver == nullptr || (ram && device.kmem_state == store::KmemState::unplugged) ||
        &store.region_of(device) != &region) {
      continue;
    }
    for (std::uint32_t at = 0; at < std::min(device.nr_ranges, store::kMaxRanges); ++at) {
      const store::RangeRecord& range = device.ranges[at];
      const std::uint64_t start = ram ? align_up(range.phys_start, block) : range.phys_start;
      const std::uint64_t end = range.phys_start + range.size;
      consider({start, std::max(start, ram ? align_down(end, block) : end) - start, device.id, ram});
    }
  }
  dax::each_left_range(store, [&](const dax::LeftRange& left) {
    if (left.region == &region) {
      consider({left.first * block, (left.end - left.first) * block, left.id, true});
    }
    return true;
  });
  return best;
}

// What a namespace that is used keeps for itself before the device's bytes (its info block and, with altmap, the
// pages).
std::optional<std::uint64_t> reserve_of(const store::Store& store, const store::RegionRecord& region) {
  for (const store::DeviceRecord& device : store.devices()) {
    const bool there = !is_absent(device);
    if (there && &store.region_of(device) == &region && device.nr_ranges > 0 &&
        device.ranges[0].phys_start > region.phys_start) {
      return device.ranges[0].phys_start - region.phys_start;
    }
  }
  return std::nullopt;
}

// What drivers have claimed of a region, from the depth of the devices' lines on.
void each_claim(const store::Store& store, const store::RegionRecord& region, unsigned depth,
                FunctionRef<void(const Resource&)> each) {
  for (Claim claim = next_claim(store, region, 0); claim.size > 0; claim = next_claim(store, region, claim.start + 1)) {
    sysfs::NameText name;
    name.put("dax").number(region.id).put(".").number(claim.id);
    each(resource(claim.start, claim.size, depth, name.view()));
    if (claim.ram) {
      each(resource(claim.start, claim.size, depth + 1, "System RAM (kmem)"));
    }
  }
}

// The line of a namespace: all of it while it is a disk (pmem_attach_disk).
void each_reserve(const store::Store& store, const store::RegionRecord& space, unsigned depth,
                  FunctionRef<void(const Resource&)> each) {
  if (const auto reserve = space.nd.disk != 0 ? std::optional(space.size) : reserve_of(store, space)) {
    sysfs::NameText name;
    name.put("namespace").number(space.id).put(".").number(space.nd.namespace_id);
    each(resource(space.phys_start, *reserve, depth, name.view()));
  }
}

// Those of a region with labels, ascending by address.
void each_namespace(const store::Store& store, const store::RegionRecord& region, unsigned depth,
                    FunctionRef<void(const Resource&)> each) {
  std::uint64_t from = 0;
  for (const store::RegionRecord* next = &region; next != nullptr;) {
    next = nullptr;
    for (const store::RegionRecord& space : store.regions()) {
      if (dax::nd::is_namespace_of(store, region, space) && space.size > 0 && space.phys_start >= from &&
          (next == nullptr || space.phys_start < next->phys_start)) {
        next = &space;
      }
    }
    if (next != nullptr) {
      each_reserve(store, *next, depth, each);
      each_claim(store, *next, depth, each);
      from = next->phys_start + 1;
    }
  }
}

void each_of_region(const store::Store& store, const store::RegionRecord& region,
                    FunctionRef<void(const Resource&)> each) {
  const bool hmem = region.kind == store::RegionKind::hmem;
  unsigned inner = 1; // depth of the devices' lines
  if (hmem) {
    inner = 0;
    const SoftReserved shown = store.profile().soft_reserved;
    if (shown == SoftReserved::below_hmem) {
      sysfs::NameText name;
      name.put("hmem.").number(region.id);
      each(resource(region.phys_start, region.size, inner++, name.view()));
    }
    if (shown != SoftReserved::absent) {
      each(resource(region.phys_start, region.size, inner++, "Soft Reserved"));
    }
  } else if (region.nd.first_dimm != 0) { // acpi_nfit_insert_resource()
    each(resource(region.phys_start, region.size, 0, "Persistent Memory"));
    each_namespace(store, region, 1, each);
    return;
  } else {
    each(resource(region.phys_start, region.size, 0, "Persistent Memory (legacy)"));
    each_reserve(store, region, 1, each);
  }
  each_claim(store, region, inner, each);
}

// What lies in a window: CXL regions, and memory that was left by such as are gone, which their parent has then
// (remove_resource).
struct InWindow {
  std::uint64_t start = 0;
  const store::CxlRegionRecord* cxl = nullptr;
  const store::RegionRecord* left = nullptr;
};
std::optional<InWindow> next_in_window(const store::Store& store, std::uint64_t from, std::uint64_t end) {
  std::optional<InWindow> next;
  const auto consider = [&](const InWindow& one) {
    if (one.start >= from && one.start < end && (!next || one.start < next->start)) {
      next = one;
    }
  };
  for (const store::CxlRegionRecord& region : cxl::regions(store)) {
    if (region.used != 0 && region.size > 0) {
      consider({region.start, &region, nullptr});
    }
  }
  for (const store::RegionRecord& region : store.regions()) {
    if (region.used.load() == 0 && next_claim(store, region, 0).size > 0) {
      consider({region.phys_start, nullptr, &region});
    }
  }
  return next;
}

void each_of_window(const store::Store& store, const store::CxlDecoderRecord& window,
                    FunctionRef<void(const Resource&)> each) {
  sysfs::NameText name;
  name.put("CXL Window ").number(window.id);
  each(resource(window.start, window.size, 0, name.view()));
  const std::uint64_t end = window.start + window.size;
  for (auto at = next_in_window(store, window.start, end); at; at = next_in_window(store, at->start + 1, end)) {
    if (at->cxl == nullptr) {
      each_claim(store, *at->left, 1, each);
      continue;
    }
    const store::RegionRecord* became = nullptr;
    if (at->cxl->region != 0 && at->cxl->region <= store.regions().size()) {
      became = &store.regions()[at->cxl->region - 1];
    }
    const bool persistent = became != nullptr && became->kind == store::RegionKind::pmem;
    if (persistent) { // cxl_pmem_region_probe() puts it around the region
      each(resource(at->cxl->start, at->cxl->size, 1, "Persistent Memory"));
    }
    sysfs::NameText region;
    region.put("region").number(at->cxl->id);
    each(resource(at->cxl->start, at->cxl->size, persistent ? 2 : 1, region.view()));
    if (persistent) {
      each_namespace(store, *became, 3, each);
    } else if (became != nullptr) {
      each_claim(store, *became, 2, each);
    }
  }
}

} // namespace

CharMajors char_majors(const store::Store& store) {
  CharMajors majors;
  const auto add = [&](std::uint32_t number, std::string_view name) {
    std::size_t at = majors.count++;
    for (; at > 0 && majors.all[at - 1].number > number; --at) {
      majors.all[at] = majors.all[at - 1];
    }
    majors.all[at] = {number, name};
  };
  add(store.platform().dax_major, kDax);
  add(store.platform().nd_major, kNdctl);
  if (cxl::is_present(store)) {
    add(store.cxl().major, kCxl);
    add(sysfs::dimm_major(store), kDimmctl);
  }
  return majors;
}

bool is_char_name(const store::Store& store, std::string_view name) {
  return name == kDax || name == kNdctl || (cxl::is_present(store) && (name == kCxl || name == kDimmctl));
}

void each_module(const sysfs::Tree& tree, FunctionRef<void(const ModuleLine&)> each) {
  tables_ready();
  for (const std::string_view module : kModules) {
    if (!is_there(tree, module)) {
      continue;
    }
    sysfs::NameText users; // newest first as well
    for (const std::string_view holder : kModules) {
      if (is_held_by(tree, module, holder)) {
        users.put(holder).put(",");
      }
    }
    each({module, number_in(tree, module, "coresize"), number_in(tree, module, "refcnt"),
          FixedString<128>(users.size() == 0 ? "-" : users.view())});
  }
}

void each_resource(const store::Store& store, FunctionRef<void(const Resource&)> each) {
  std::uint64_t from = 0;
  for (;;) {
    const store::RegionRecord* next = nullptr;
    for (const store::RegionRecord& region : store.regions()) {
      if (region.used.load() != 0 && region.cxl == 0 && region.nd.parent == 0 && region.size > 0 &&
          region.phys_start >= from && (next == nullptr || region.phys_start < next->phys_start)) {
        next = &region;
      }
    }
    const store::CxlDecoderRecord* window = nullptr;
    for (const store::CxlDecoderRecord& decoder : cxl::decoders(store)) {
      if (decoder.port != 0 && cxl::is_root_decoder(store, decoder) && decoder.start >= from &&
          (window == nullptr || decoder.start < window->start) &&
          (next == nullptr || decoder.start < next->phys_start)) {
        window = &decoder;
      }
    }
    if (window != nullptr) {
      each_of_window(store, *window, each);
      from = window->start + 1;
    } else if (next != nullptr) {
      each_of_region(store, *next, each);
      from = next->phys_start + 1;
    } else {
      return;
    }
  }
}

} // namespace daxemu::procfs
