// Drivers and devices find each other: what writes to a driver's `bind`, `unbind`, `new_id`, `remove_id` and to the
// bus's `drivers_probe` do (drivers/base/bus.c, drivers/base/dd.c, drivers/dax/bus.c). The caller holds a
// Change.
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// bind_store(). Errors: ENODEV (the driver does not match the device), EBUSY (bound already), and those of its probe:
// ENXIO (size 0), EBUSY (its memory is still in use as RAM), EINVAL (kmem: no node, or no whole memory block).
Result<void> bind(const store::Store& store, store::DeviceRecord& device, const Driver& driver);

// Gives an unbound device to the driver as an administrator does: by name (new_id), unless the driver takes it anyhow.
// Errors: those of add_driver_id and of bind.
Result<void> give(const store::Store& store, store::DeviceRecord& device, const Driver& driver);

// unbind_store(). Errors: ENODEV (not bound to this driver).
Result<void> unbind(const store::Store& store, store::DeviceRecord& device, const Driver& driver);

// What the kernel keeps of "daxX.Y" in new_id: numbers, whether or not there is such a device.
struct DriverId {
  std::int32_t region = 0;
  std::int32_t id = 0;
};
[[nodiscard]] DriverId id_of(const store::Store& store, const store::DeviceRecord& device);
// new_id_store(): the driver takes devices of that name from now on, and at once whatever unbound device it matches.
// Errors: ENOMEM (table full).
Result<void> add_driver_id(const store::Store& store, const Driver& driver, DriverId id);
// remove_id_store(): unknown names are no error.
void remove_driver_id(const store::Store& store, const Driver& driver, DriverId id);

// drivers_probe: offers an unbound device to every driver; a probe that fails is no error.
void probe(const store::Store& store, store::DeviceRecord& device);

} // namespace daxemu::dax
