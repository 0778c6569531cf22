#include "emu/sysfs/families/families.hpp"

#include <algorithm>

#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/parse.hpp"

namespace daxemu::sysfs {
namespace {

using store::DeviceState;

store::DeviceRecord* find_by_name(const store::Store& store, std::string_view name) {
  return store.device_named(name);
}
store::DeviceRecord* find_by_number(const store::Store& store, std::string_view number) {
  const std::size_t colon = std::min(number.find(':'), number.size() - 1);
  const auto minor = parse_unsigned(number.substr(colon + 1), 10);
  return minor ? store.device_of_minor(static_cast<std::uint32_t>(*minor)) : nullptr;
}
// Every device there is, of the scope's region if it names one, with what `name` calls it; of one name only that one,
// which `find` finds.
void devices(const Scope& scope, void (*name)(const Scope&, Text&),
             store::DeviceRecord* (*find)(const store::Store&, std::string_view), Members members) {
  std::span<store::DeviceRecord> asked;
  if (scope.wanted.empty()) {
    asked = scope.store->devices();
  } else if (store::DeviceRecord* one = find(*scope.store, scope.wanted); one != nullptr) {
    asked = {one, 1};
  }
  for (store::DeviceRecord& device : asked) {
    if (device.state.load(std::memory_order_acquire) == DeviceState::absent) {
      continue;
    }
    Scope narrowed = scope;
    narrowed.device = &device;
    narrowed.region = &scope.store->region_of(device);
    if (scope.region != nullptr && narrowed.region != scope.region) {
      continue;
    }
    NameText text;
    name(narrowed, text);
    if (!members(text.view(), narrowed)) {
      return;
    }
  }
}

void regions(const Scope& scope, store::RegionKind kind, Members members) {
  for (store::RegionRecord& region : scope.store->regions()) {
    if (region.used.load(std::memory_order_acquire) == 0 || region.kind != kind || region.nd.parent != 0) {
      continue;
    }
    Scope narrowed = scope;
    narrowed.region = &region;
    NameText text;
    region_name(narrowed, text);
    if (!members(text.view(), narrowed)) {
      return;
    }
  }
}

} // namespace

void each_hmem_region(const Scope& scope, Members members) {
  regions(scope, store::RegionKind::hmem, members);
}

void each_hmem_region_alone(const Scope& scope, Members members) {
  if (scope.store->profile().hmem_place != HmemPlace::below_hmem_platform) {
    each_hmem_region(scope, members);
  }
}

void each_hmem_region_below(const Scope& scope, Members members) {
  if (scope.store->profile().hmem_place == HmemPlace::below_hmem_platform) {
    each_hmem_region(scope, members);
  }
}

bool has_hmem_platform_driver(const Scope& scope) {
  return scope.store->profile().hmem_place != HmemPlace::alone;
}

bool has_hmem_platform(const Scope& scope) {
  bool found = false;
  each_hmem_region(scope, [&](std::string_view, const Scope&) {
    found = true;
    return false;
  });
  return found && has_hmem_platform_driver(scope);
}

void each_pmem_region(const Scope& scope, Members members) {
  regions(scope, store::RegionKind::pmem, members);
}

void each_e820_region(const Scope& scope, Members members) {
  each_pmem_region(scope, [&](std::string_view name, const Scope& region) {
    return region.region->cxl != 0 || members(name, region);
  });
}

void each_device(const Scope& scope, Members members) {
  devices(scope, device_name, find_by_name, members);
}

void each_device_number(const Scope& scope, Members members) {
  devices(scope, device_number, find_by_number, members);
}

void each_bound_device(const Scope& scope, Members members) {
  devices(scope, device_name, find_by_name, [&](std::string_view name, const Scope& member) {
    return member.device->state.load(std::memory_order_acquire) != scope.driver->state || members(name, member);
  });
}

void each_mapping(const Scope& scope, Members members) {
  const std::uint32_t count = std::min(scope.device->nr_ranges, store::kMaxRanges);
  for (std::uint32_t at = 0; at < count; ++at) {
    Scope narrowed = scope;
    narrowed.number = at;
    NameText text;
    text.put("mapping").number(at);
    if (!members(text.view(), narrowed)) {
      return;
    }
  }
}

store::DeviceRecord* device_called(const Scope& scope, std::string_view text) {
  store::DeviceRecord* found = nullptr;
  Scope asked = scope;
  asked.wanted = text.substr(0, text.size() - (text.ends_with('\n') ? 1 : 0)); // sysfs_streq() takes one newline
  each_device(asked, [&](std::string_view name, const Scope& member) {
    found = same_text(name, text) ? member.device : nullptr;
    return found == nullptr;
  });
  return found;
}

} // namespace daxemu::sysfs
