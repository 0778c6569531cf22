#include "runtime/cli/platforms/platform_builder.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "emu/backing/backing.hpp"
#include "emu/backing/node_file.hpp"
#include "emu/backing/placement.hpp"
#include "emu/backing/spare_files.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/memory/machine_memory.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/nd/share/share_file.hpp"
#include "runtime/cli/plan/memory_type.hpp"
#include "runtime/cli/platforms/cxl_builder.hpp"
#include "runtime/cli/platforms/image_use.hpp"
#include "runtime/cli/platforms/nfit_builder.hpp"
#include "runtime/cli/platforms/share_files.hpp"
#include "runtime/cli/platforms/small_file.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

// Builds one platform, piece by piece into its store.
class Builder {
public:
  Builder(const PlatformPlan& plan, backing::FileSource& source) : plan_(plan), source_(source) {}

  Outcome<BuiltPlatform> build(const std::string& name) {
    for (const RegionPlan& region : plan_.regions) { // before anything is made
      if (auto fine = check(region); !fine) {
        return tl::unexpected(fine.error());
      }
    }
    if (auto fine = check_nfit(plan_); !fine) {
      return tl::unexpected(fine.error());
    }
    if (!plan_.kernel_note.empty()) {
      note(plan_.kernel_note);
    }
    UniqueFd gate;
    if (!plan_.cxl.share.name.empty()) {
      if (plan_.backing == store::BackingKind::hugetlb) {
        return refuse(EINVAL, "shared memdevs have no huge pages: hosts may interleave them as they like",
                      "leave out --backing hugetlb, or do not share");
      }
      auto entered = ShareGate::enter();
      if (!entered) {
        return tl::unexpected(entered.error());
      }
      gate = entered->release();
    }
    auto store_file = small_file(source_, "daxemu-store", 0);
    if (!store_file) {
      return tl::unexpected(store_file.error());
    }
    auto store = store::Store::create(std::move(store_file->fd), name, capacity());
    if (!store) {
      return refuse(store.error().code, "the platform's store: " + store.error().what, store.error().remedy);
    }
    store::Platform& platform = store->platform();
    platform.dax_major = dax::free_char_major();
    platform.nd_major = dax::free_char_major("/proc/devices", platform.dax_major);
    platform.kernel = plan_.kernel;
    platform.auto_online =
        profile_of(plan_.kernel).onlines_new_memory ? store::OnlinePolicy::online : store::OnlinePolicy::offline;
    platform.engine = plan_.engine;
    platform.exact = plan_.exact ? 1 : 0;
    platform.backing_wanted =
        plan_.cxl.share.name.empty() ? plan_.backing.value_or(store::BackingKind::none) : store::BackingKind::shmem;
    platform.memory_block_size = machine_.block_size;
    platform.first_new_node = machine_.first_new_node;
    for (const RegionPlan& region : plan_.regions) {
      auto added = region.dimms.count != 0 ? reserve_dimms(*store, region) : add(*store, region);
      if (!added) {
        return tl::unexpected(added.error());
      }
    }
    if (plan_.cxl.is_there()) {
      const auto next_node = machine_.first_new_node + static_cast<std::int32_t>(plan_.regions.size());
      const auto there =
          add_cxl_bus(*store, plan_.cxl, machine_.first_free_address, next_node, store_file->location, source_, held_);
      if (!there) {
        return tl::unexpected(there.error());
      }
    }
    auto spares = backing::add_spare_files(*store, source_);
    if (!spares) {
      return tl::unexpected(spares.error());
    }
    std::move(spares->begin(), spares->end(), std::back_inserter(held_));
    for (const NfitPlace& place : dimms_) {
      if (auto made = add_nfit_devices(*store, place); !made) {
        return tl::unexpected(made.error());
      }
    }
    if (auto made = add_cxl_regions(*store, plan_.cxl); !made) {
      return tl::unexpected(made.error());
    }
    return BuiltPlatform{std::move(*store), store_file->location, std::move(held_), std::move(gate)};
  }

private:
  Outcome<void> check(const RegionPlan& region) const {
    if (region.kind == store::RegionKind::pmem && region.dimms.count == 0 &&
        (region.devices.size() != 1 || region.free != 0)) {
      return refuse(EINVAL, fmt::format("pmem region {} has not exactly one device", region.id),
                    "a namespace is one device of the region's size: use a region for each, or kind hmem");
    }
    for (const DevicePlan& device : region.devices) {
      if (auto fine = dax::check_geometry(device.size, device.align); !fine) {
        return fine;
      }
      if (auto type = memory_type(device.type, device.align, profile_of(plan_.kernel)); !type) {
        return tl::unexpected(type.error());
      }
    }
    return {};
  }

  [[nodiscard]] store::Capacity capacity() const {
    constexpr std::uint32_t kFilesOfMemdev = 2; // its bytes and its labels
    store::Capacity capacity;
    capacity.backing_slots += kFilesOfMemdev * static_cast<std::uint32_t>(memdevs_of(plan_.cxl.topology).size());
    capacity.backing_slots += plan_.cxl.share.name.empty() ? 0 : static_cast<std::uint32_t>(nd::kMaxStretches);
    for (const RegionPlan& region : plan_.regions) {
      capacity.backing_slots += region.dimms.count != 0 ? region.dimms.count + 1 : 0;
    }
    return capacity;
  }

  // Bytes from the region's start to the last device's end, each aligned as add_device() does it.
  static std::uint64_t size_of(const RegionPlan& region) {
    std::uint64_t end = 0;
    for (const DevicePlan& device : region.devices) {
      end = align_up(end, std::max(device.align, kPmdSize)) + device.size;
    }
    return end + region.free;
  }

  // The CPUs of the region's node, if it names one.
  Outcome<store::CpuMask> cpus_of(const RegionPlan& region) {
    if (!region.numa_node || *region.numa_node == kNoNode) {
      return store::CpuMask{};
    }
    if (!topology_) {
      auto loaded = backing::Topology::load();
      if (!loaded) {
        return tl::unexpected(loaded.error());
      }
      topology_ = std::move(*loaded);
    }
    return topology_->cpus_of(*region.numa_node);
  }

  // A region of DIMMs: its place and its files; its namespaces are made when all files of the platform are there.
  Outcome<void> reserve_dimms(store::Store& store, const RegionPlan& plan) {
    const std::int32_t target =
        machine_.first_new_node + static_cast<std::int32_t>(store.platform().regions_used.load());
    const auto cpus = cpus_of(plan);
    if (!cpus) {
      return tl::unexpected(cpus.error());
    }
    auto place =
        add_nfit_region(store, plan,
                        {.kind = plan.kind,
                         .id = plan.id,
                         .data_size = 0,
                         .align = kPmdSize,
                         .numa_node = plan.shown_numa_node.value_or(plan.numa_node.value_or(0)),
                         .target_node = plan.target_node.value_or(plan.numa_node == kNoNode ? kNoNode : target),
                         .phys_start = std::max(machine_.first_free_address, plan.start),
                         .cpus = *cpus},
                        source_, held_);
    if (!place) {
      return tl::unexpected(place.error());
    }
    dimms_.push_back(*place);
    return {};
  }

  Outcome<void> add(store::Store& store, const RegionPlan& plan) {
    // Each of a node of its own, as the firmware describes memory that is not the machine's.
    const std::int32_t target =
        machine_.first_new_node + static_cast<std::int32_t>(store.platform().regions_used.load());
    const auto cpus = cpus_of(plan);
    if (!cpus) {
      return tl::unexpected(cpus.error());
    }
    auto region =
        dax::add_region(store, {.kind = plan.kind,
                                .id = plan.id,
                                .data_size = size_of(plan),
                                .align = plan.devices.empty() ? kPmdSize : plan.devices.front().align,
                                .numa_node = plan.shown_numa_node.value_or(plan.numa_node.value_or(0)),
                                .target_node = plan.target_node.value_or(plan.numa_node == kNoNode ? kNoNode : target),
                                .phys_start = std::max(machine_.first_free_address, plan.start),
                                .cpus = *cpus});
    if (!region) {
      return tl::unexpected(region.error());
    }
    for (const DevicePlan& device : plan.devices) {
      if (auto added = add(store, plan, device, *cpus); !added) {
        return added;
      }
    }
    return {};
  }

  Outcome<void> add(store::Store& store, const RegionPlan& region, const DevicePlan& device,
                    const store::CpuMask& cpus) {
    const std::string name = fmt::format("dax{}.{}", region.id, device.id);
    const bool placed = region.numa_node && *region.numa_node != kNoNode;
    auto bytes = backing::create({.name = name,
                                  .size = device.size,
                                  .align = device.align,
                                  .kind = device.backing ? device.backing : plan_.backing,
                                  .numa_node = placed ? region.numa_node : std::nullopt,
                                  .has_image = !device.image.empty()},
                                 source_, topology_ ? &*topology_ : nullptr);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    auto folios = small_file(source_, name + ".folios", mm::FolioTable::file_size(device.size / device.align));
    if (!folios) {
      return tl::unexpected(folios.error());
    }
    auto image = attach_image(device);
    if (!image) {
      return tl::unexpected(image.error());
    }
    if (*image) {
      held_.push_back(std::move(**image));
    }
    auto node = backing::make_node(source_, name);
    if (!node) {
      return tl::unexpected(node.error());
    }
    const auto st = sys::fstat(bytes->fd.get());
    if (!st) {
      return refuse(st.error().value, "the device's memory cannot be examined", "report this");
    }
    dax::DeviceSpec spec;
    spec.name = {.region = region.id, .id = device.id};
    spec.size = device.size;
    spec.align = device.align;
    spec.node = node->record;
    spec.backing.kind = bytes->kind;
    spec.backing.st_dev = st->st_dev;
    spec.backing.st_ino = st->st_ino;
    spec.backing.page_size = bytes->page_size;
    spec.backing.location.assign(bytes->location);
    spec.backing.reason.assign(bytes->reason);
    spec.folios_location.assign(folios->location);
    spec.cpus = cpus;
    spec.image.assign(device.image);
    spec.behaviours = memory_type(device.type, device.align, profile_of(plan_.kernel))->bits(); // checked before
    spec.snapshot = device.snapshot;
    spec.uuid = device.uuid;
    spec.driver = device.driver;
    if (auto made = dax::add_device(store, spec); !made) {
      return tl::unexpected(made.error());
    }
    held_.push_back(std::move(bytes->fd));
    held_.push_back(std::move(folios->fd));
    held_.push_back(std::move(node->fd));
    return {};
  }

  const PlatformPlan& plan_;
  backing::FileSource& source_;
  dax::MachineMemory machine_ = dax::machine_memory();
  std::optional<backing::Topology> topology_;
  std::vector<NfitPlace> dimms_;
  std::vector<UniqueFd> held_;
};

} // namespace

Outcome<BuiltPlatform> build_platform(const PlatformPlan& plan, const std::string& platform_name,
                                      backing::FileSource& source) {
  return Builder(plan, source).build(platform_name);
}

} // namespace daxemu::cli
