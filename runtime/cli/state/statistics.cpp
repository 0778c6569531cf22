#include "runtime/cli/state/statistics.hpp"

#include <fmt/format.h>

#include "emu/backing/backing.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/dax/device/extents.hpp"

namespace daxemu::cli {

DeviceTotals totals_of(const store::DeviceRecord& device) {
  DeviceTotals sum;
  for (const store::CounterStripe& stripe : device.counters) {
    sum.faults += stripe.faults.load();
    sum.extents += stripe.extents.load();
    sum.bytes += stripe.bytes.load();
    sum.maps += stripe.maps.load();
    sum.unmaps += stripe.unmaps.load();
    sum.sigbus += stripe.sigbus.load();
    sum.ahead += stripe.ahead.load();
  }
  return sum;
}

DeviceTotals DeviceTotals::since(const DeviceTotals& before) const {
  return {faults - before.faults, extents - before.extents, bytes - before.bytes, maps - before.maps,
          unmaps - before.unmaps, sigbus - before.sigbus,   ahead - before.ahead};
}

std::string statistics_text(const store::Store& store) {
  std::string text;
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load() == store::DeviceState::absent) {
      continue;
    }
    const DeviceTotals sum = totals_of(device);
    text += fmt::format("{} ({}, extents of {}, backing {}: {})\n", store.name_of(device).view(),
                        size_text(device.size.load()), size_text(device.align), backing::to_string(device.backing.kind),
                        device.backing.reason.view());
    text += fmt::format("  {:>12} faults\n  {:>12} extents touched of {}\n  {:>12} mapped ahead of their touch\n"
                        "  {:>12} bytes touched\n",
                        sum.faults, sum.extents, dax::extent_count(device), sum.ahead, sum.bytes);
    text += fmt::format("  {:>12} mappings made\n  {:>12} touches answered by SIGBUS\n", sum.maps, sum.sigbus);
  }
  return text;
}

} // namespace daxemu::cli
