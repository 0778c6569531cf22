// What a volatile region becomes (drivers/dax/cxl.c).
#include "emu/cxl/derived/derived.hpp"

#include <algorithm>

#include "emu/dax/bind.hpp"
#include "emu/dax/memory/cxl_windows.hpp"
#include "emu/dax/nd/passing_region.hpp"
#include "emu/nd/media/media.hpp"

namespace daxemu::cxl {
namespace {

// No node of its own: neither ACPI0017 nor what hangs below it says one (guest).
constexpr std::int32_t kNoNode = -1;

// phys_to_target_node(), else memory_add_physaddr_to_nid(), which falls back to the first node.
std::int32_t target_node_of(const store::Store& store, const CxlRegionRecord& region) {
  const CxlDecoderRecord* window = dax::window_at(store, region.start);
  return window == nullptr ? 0 : std::max(window->target_node, 0);
}

store::RegionRecord* record_of(const store::Store& store, const CxlRegionRecord& region) {
  const std::span<store::RegionRecord> records = store.regions();
  return region.region == 0 || region.region > records.size() ? nullptr : &records[region.region - 1];
}

// The kernel takes no byte back that it could not keep: neither do we, and what cannot be moved is lost.
void remove_devices(const store::Store& store, store::RegionRecord& record) {
  dax::each_device_backwards(store, record, [&](store::DeviceRecord& device) {
    dax::unregister_device(store, device);
    (void)nd::return_media(store, device);
    dax::free_device_bytes(store, device);
  });
  record.seed = 0;
  record.youngest = 0;
}

} // namespace

Result<void> add_dax_region(const store::Store& store, CxlRegionRecord& region) {
  const auto record = dax::add_passing_region(store, {.id = region.id,
                                                      .numa_node = kNoNode,
                                                      .target_node = target_node_of(store, region),
                                                      .phys_start = region.start,
                                                      .size = region.size,
                                                      .cxl = reference_of(store, region)});
  if (!record) {
    return tl::unexpected(record.error());
  }
  region.region = static_cast<std::uint32_t>(*record - store.region_table().data()) + 1;
  Result<void> brought;
  dax::each_device_backwards(store, **record, [&](store::DeviceRecord& device) {
    brought = nd::bring_media(store, device);
    if (brought && store.platform().autoprobe_off == 0) {
      dax::probe(store, device);
    }
  });
  if (!brought) {
    remove_dax_region(store, region);
  }
  return brought;
}

void remove_dax_region(const store::Store& store, CxlRegionRecord& region) {
  store::RegionRecord* record = record_of(store, region);
  if (record == nullptr || record->used.load() == 0) {
    return;
  }
  remove_devices(store, *record);
  record->used.store(0, std::memory_order_release);
  region.region = 0;
}

} // namespace daxemu::cxl
