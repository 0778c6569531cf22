#include "runtime/cli/platforms/nfit_builder.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/change.hpp"
#include "emu/nd/make_namespace.hpp"
#include "emu/nd/nfit/nfit.hpp"
#include "emu/nd/region.hpp"
#include "runtime/cli/platforms/memdev_files.hpp"
#include "runtime/cli/platforms/small_file.hpp"

namespace daxemu::cli {
namespace {

// Bytes of the namespace that a device of the plan is in: what its info block takes is before its data.
std::uint64_t namespace_size(const DevicePlan& device) {
  return dax::pmem_data_offset(device.align) + device.size;
}

std::vector<nd::NamespaceSpec> namespaces_of(const RegionPlan& plan) {
  std::vector<nd::NamespaceSpec> all = plan.namespaces;
  for (const DevicePlan& device : plan.devices) {
    nd::NamespaceSpec space;
    space.size = namespace_size(device);
    space.uuid = device.uuid;
    space.align = device.align;
    all.push_back(std::move(space));
  }
  return all;
}

tl::unexpected<Problem> cannot(const RegionPlan& plan, const std::string& step, Errno error) {
  if (error == Errno{EEXIST}) {
    return refuse(
        EEXIST, fmt::format("region{} of DIMMs: {}: a number or handle is taken", plan.id, step),
        "give each DIMM a number and a handle of its own, each namespace and device a number, or none of them one");
  }
  if (error == Errno{ENXIO}) {
    return refuse(ENXIO, fmt::format("region{} of DIMMs: {}: {}", plan.id, step, std::strerror(error.value)),
                  "give it a larger \"size\" or write \"enabled\": false, or its DIMMs a larger \"label_size\"");
  }
  return refuse(error.value, fmt::format("region{} of DIMMs: {}: {}", plan.id, step, std::strerror(error.value)),
                "choose a smaller size or fewer devices, or see daxemu doctor for what is short");
}

} // namespace

Outcome<void> check_nfit(const PlatformPlan& plan) {
  std::uint32_t dimms = 0;
  bool without = false;
  const RegionPlan* first = nullptr;
  for (const RegionPlan& region : plan.regions) {
    without = without || (region.kind == store::RegionKind::pmem && region.dimms.count == 0);
    if (region.dimms.count == 0) {
      continue;
    }
    dimms += region.dimms.count;
    first = first == nullptr ? &region : first;
    if (region.dimms.mock != first->dimms.mock) {
      return refuse(EINVAL, fmt::format("regions {} and {} are on different buses", first->id, region.id),
                    "give all regions of DIMMs the same bus, or none");
    }
    for (std::size_t at = 0; at < region.devices.size(); ++at) {
      const DevicePlan& device = region.devices[at];
      const std::string name = fmt::format("dax{}.{}", region.id, device.id);
      if (device.id != at) {
        return refuse(EINVAL, fmt::format("{} is not the next namespace of its region", name),
                      fmt::format("call it dax{}.{}", region.id, at));
      }
      const char* what = !device.image.empty()         ? "no image"
                         : device.type != kDefaultType ? "no type but GENERIC"
                         : device.backing              ? "no backing of its own"
                         : device.driver == dax::FirstDriver::device_dax || device.driver == dax::FirstDriver::kernels
                             ? nullptr
                             : "no first driver but device_dax";
      if (what != nullptr) {
        return refuse(EINVAL, fmt::format("{}: a namespace of DIMMs has {}", name, what),
                      "leave it out, or use a region without DIMMs: --region pmem");
      }
    }
  }
  if (dimms != 0 && without) {
    return refuse(EINVAL, "a pmem region without DIMMs beside one with them", "give all pmem regions DIMMs, or none");
  }
  return dimms <= store::kMaxNfitDimms ? Outcome<void>()
                                       : refuse(ENOSPC, fmt::format("{} DIMMs in one platform", dimms),
                                                fmt::format("a platform has room for {}", store::kMaxNfitDimms));
}

Outcome<NfitPlace> add_nfit_region(store::Store& store, const RegionPlan& plan, dax::RegionSpec spec,
                                   backing::FileSource& source, std::vector<UniqueFd>& held) {
  const std::uint64_t step = nd::default_align(UINT64_MAX, plan.dimms.count);
  std::uint64_t size = plan.free;
  bool in_large_steps = plan.free % step == 0;
  for (const nd::NamespaceSpec& space : namespaces_of(plan)) {
    size += space.size;
    in_large_steps = in_large_steps && space.size % step == 0;
  }
  NfitPlace place;
  place.plan = &plan;
  place.align = plan.align != 0 ? plan.align : in_large_steps ? 0 : kPmdSize;
  spec.data_size = size - dax::pmem_data_offset(spec.align);
  const auto region = dax::add_region(store, spec);
  if (!region) {
    return tl::unexpected(region.error());
  }
  place.region = static_cast<std::uint32_t>(*region - store.region_table().data());
  auto media = small_file(source, fmt::format("region{}.media", plan.id), size);
  if (!media) {
    return tl::unexpected(media.error());
  }
  const auto slot = register_kept_file(store, std::move(*media), "what DIMMs keep", held);
  if (!slot) {
    return tl::unexpected(slot.error());
  }
  place.media_slot = *slot;
  for (std::uint32_t at = 0; at < plan.dimms.count; ++at) {
    nd::NfitDimmSpec dimm = at < plan.dimms.each.size() ? plan.dimms.each[at] : nd::NfitDimmSpec{};
    auto labels = small_file(source, fmt::format("region{}.labels{}", plan.id, at), dimm.label_size);
    if (!labels) {
      return tl::unexpected(labels.error());
    }
    const auto number = register_kept_file(store, std::move(*labels), "the labels of a DIMM", held);
    if (!number) {
      return tl::unexpected(number.error());
    }
    dimm.labels_slot = *number;
    place.dimms.push_back(dimm);
  }
  store::Platform& platform = store.platform();
  platform.nfit.mock = plan.dimms.mock ? 1 : 0;
  platform.dimm_major = dax::free_char_major("/proc/devices", platform.nd_major);
  return place;
}

Outcome<void> add_nfit_devices(store::Store& store, const NfitPlace& place) {
  auto change = dax::Change::begin(store);
  if (!change) {
    return refuse(change.error().value, "the platform cannot be locked", "check that its store is still there");
  }
  const RegionPlan& plan = *place.plan;
  store::RegionRecord& region = store.region_table()[place.region];
  const nd::NfitRegionSpec spec{
      .size = region.size, .align = place.align, .media_slot = place.media_slot, .dimms = place.dimms};
  if (auto added = nd::add_nfit_region(store, region, spec); !added) {
    return cannot(plan, "its DIMMs", added.error());
  }
  for (const nd::NamespaceSpec& space : namespaces_of(plan)) {
    if (const auto made = nd::make_namespace(store, region, space); !made) {
      return cannot(plan, fmt::format("a namespace of {}", size_text(space.size)), made.error());
    }
  }
  return {};
}

} // namespace daxemu::cli
