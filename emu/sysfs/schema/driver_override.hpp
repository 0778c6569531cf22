// driver_override of a platform device (driver_set_override in drivers/base/driver.c): a driver's name, up to a
// newline; nothing ends it.
#pragma once

#include "emu/dax/change.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {

using OverrideOf = store::DriverOverride& (*)(const Scope&);

template <OverrideOf Where>
Result<void> show_driver_override(const Scope& scope, Text& out) {
  const std::string_view name = Where(scope).view();
  out.put(name.empty() ? "(null)" : name).put("\n");
  return {};
}
// Errors: EINVAL (does not fit a page with what is shown after it).
template <OverrideOf Where>
Result<void> store_driver_override(const Scope& scope, std::string_view text) {
  if (text.size() >= store::DriverOverride::kCapacity - 1) {
    return fail(EINVAL);
  }
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  Where(scope).assign(text.substr(0, text.find('\n')));
  return {};
}

// bind and unbind of a platform driver that has one kind of device, always bound: EBUSY if it matches, which an
// override can prevent. Taking the region itself away is not emulated.
template <Literal Driver>
Result<void> bind_bound(const store::DriverOverride& driver_override) {
  return driver_override.empty() || driver_override.view() == Driver.view() ? fail(EBUSY) : fail(ENODEV);
}
inline Result<void> unbind_bound() {
  return fail(EOPNOTSUPP);
}

} // namespace daxemu::sysfs
