// Who has a namespace, and where its bytes are then: the info block in the memdevs, the data in the file of its device,
// all of it in that of its disk.
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_info.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/dax/nd/passing_region.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/nd/media/return_room.hpp"
#include "emu/nd/region.hpp"

namespace daxemu::nd {
namespace {

using dax::nd::InfoBytes;
using store::NdHolderRecord;
using store::RegionRecord;
using store::Store;

bool is_labelled(const RegionRecord& space) {
  return space.nd.parent != 0;
}

// What lies on the namespace counts, whoever wrote it.
void read_info(const Store& store, RegionRecord& space) {
  InfoBytes bytes{};
  if (is_labelled(space) && !dax::nd::is_disk(space) && space.size >= dax::nd::kInfoOffset + bytes.size()) {
    space.nd.info = read_media(store, space, dax::nd::kInfoOffset, bytes) ? dax::nd::parse_info(bytes, space.nd.uuid)
                                                                          : store::NdInfoBlock{};
  }
}

Result<void> write_info(const Store& store, const RegionRecord& space) {
  const store::NdInfoBlock& info = space.nd.info;
  const std::uint64_t data = dax::nd::data_offset(space, info.align, info.pages);
  const std::uint64_t end = (space.size - data) % std::max(info.align, kPmdSize);
  return write_media(store, space, dax::nd::kInfoOffset,
                     dax::nd::info_bytes(info, data, space.size, end, space.nd.uuid));
}

// The device that a dax has just made.
Result<void> bring_device(const Store& store, RegionRecord& space) {
  store::DeviceRecord* device = is_labelled(space) ? dax::nd::device_of(store, space) : nullptr;
  return device == nullptr ? Result<void>() : bring_media(store, *device);
}

} // namespace

Result<void> bind_dax(const Store& store, RegionRecord& region, NdHolderRecord& holder) {
  RegionRecord& space = dax::nd::namespace_of(store, region, holder);
  read_info(store, space);
  const bool is_new = space.nd.info.present == 0;
  if (auto bound = dax::nd::bind_dax(store, region, holder); !bound) {
    return bound;
  }
  if (!is_labelled(space)) {
    return {};
  }
  auto written = is_new ? write_info(store, space) : Result<void>();
  if (auto brought = written ? bring_device(store, space) : written; !brought) {
    (void)unbind_dax(store, region, holder);
    return brought;
  }
  return {};
}

Result<void> unbind_dax(const Store& store, RegionRecord& region, NdHolderRecord& holder) {
  RegionRecord& space = dax::nd::namespace_of(store, region, holder);
  if (auto room = is_labelled(space) ? make_return_room(store, space) : Result<void>(); !room) {
    return room;
  }
  auto unbound = dax::nd::unbind_dax(store, region, holder);
  store::DeviceRecord* device = is_labelled(space) ? dax::nd::device_of(store, space) : nullptr;
  if (unbound && device != nullptr) {
    (void)return_media(store, *device);
    dax::free_device_bytes(store, *device);
    device->kept = 0;
    space.nd.device = 0;
  }
  return unbound;
}

Result<void> bind_namespace(const Store& store, RegionRecord& space) {
  read_info(store, space);
  auto bound = dax::nd::bind_namespace(store, space);
  if (!is_labelled(space)) {
    return bound;
  }
  if (dax::nd::is_disk(space) && bound) {
    if (auto brought = bring_disk(store, space); !brought) {
      (void)unbind_namespace(store, space);
      return brought;
    }
  }
  NdHolderRecord* holder = bound ? nullptr : dax::nd::holder_of_namespace(store, space);
  if (holder != nullptr && holder->bound != 0 && !bring_device(store, space)) {
    (void)unbind_dax(store, dax::nd::region_of_namespace(store, space), *holder);
  }
  return bound;
}

Result<void> unbind_namespace(const Store& store, RegionRecord& space) {
  if (is_labelled(space) && dax::nd::is_disk(space)) {
    if (auto room = make_return_room(store, space); !room) {
      return room;
    }
    (void)return_disk(store, space);
  }
  auto unbound = dax::nd::detach_disk(store, space);
  if (is_labelled(space) && unbound) {
    dax::nd::release_reserve(store, space);
  }
  return unbound;
}

Result<void> unbind_region(const Store& store, RegionRecord& region) {
  if (region.nd.labelled != 0 && region.nd.unbound == 0) {
    if (auto room = make_return_room(store, region); !room) {
      return room;
    }
    for (NdHolderRecord& holder : region.nd.holders) {
      if (holder.bound != 0) {
        (void)unbind_dax(store, region, holder);
      }
    }
    for (RegionRecord& space : store.regions()) {
      if (dax::nd::is_namespace_of(store, region, space)) {
        (void)unbind_namespace(store, space);
      }
    }
  }
  return dax::nd::unbind_region(store, region);
}

} // namespace daxemu::nd
