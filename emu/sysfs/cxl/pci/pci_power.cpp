#include "emu/sysfs/cxl/pci/pci_power.hpp"

#include <algorithm>

#include "emu/base/clock.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/power.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint8_t kPowerWakeup = 4; // in PowerBits of a function

// Bits say what differs from the beginning: asynchronous, on.
store::PowerBits& bits_of(const Scope& function) {
  return function.store->cxl().pci_power[function.cxl - 1];
}
bool has_changed(const Scope& function, std::uint8_t bit) {
  return (bits_of(function).load(std::memory_order_relaxed) & bit) != 0;
}

// Of `words`, the first begins with the bit set.
template <std::uint8_t Bit, Literal First, Literal Second>
Result<void> show_word(const Scope& function, Text& out) {
  out.put(has_changed(function, Bit) ? Second.view() : First.view()).put("\n");
  return {};
}
template <std::uint8_t Bit, Literal First, Literal Second>
Result<void> store_word(const Scope& function, std::string_view text) {
  const bool second = same_text(text, Second.view());
  if (!second && !same_text(text, First.view())) {
    return fail(EINVAL);
  }
  set_power(bits_of(function), Bit, second);
  return {};
}

std::uint32_t children_of(const Scope& function) {
  std::uint32_t count = 0;
  each_child_function(function, [&](std::string_view, const Scope&) { return ++count != 0; });
  return count;
}
Result<void> show_children(const Scope& function, Text& out) {
  out.number(children_of(function)).put("\n");
  return {};
}
// In milliseconds: all the time that it has been there.
Result<void> show_active_time(const Scope& function, Text& out) {
  constexpr std::uint64_t kPerMillisecond = 1'000'000;
  const std::uint64_t now = clock_ns(CLOCK_REALTIME);
  out.number((now - std::min(now, function.store->platform().created_ns)) / kPerMillisecond).put("\n");
  return {};
}
// One reference of the driver's, one of whoever forbids it to sleep (pm_runtime_forbid).
Result<void> show_usage(const Scope& function, Text& out) {
  const std::uint32_t driver = is_bound<CxlKind::function>(function) ? 1 : 0;
  out.number(driver + (has_changed(function, store::kPowerOn) ? 0U : 1U)).put("\n");
  return {};
}
// wakeup_count_show() and its like: nothing unless it may wake the machine.
Result<void> show_wakeups(const Scope& function, Text& out) {
  out.put(has_changed(function, kPowerWakeup) ? "0\n" : "\n");
  return {};
}

constexpr NodeSpec kFunctionNodes[] = {
    attribute("async", 0644, show_word<store::kPowerAsync, "enabled", "disabled">,
              store_word<store::kPowerAsync, "enabled", "disabled">),
    attribute("autosuspend_delay_ms", 0644, failing<EIO>),
    attribute("control", 0644, show_word<store::kPowerOn, "on", "auto">, store_word<store::kPowerOn, "on", "auto">),
    attribute("runtime_active_kids", 0444, show_children),
    attribute("runtime_active_time", 0444, show_active_time),
    attribute("runtime_enabled", 0444, show_word<store::kPowerOn, "forbidden", "enabled">),
    attribute("runtime_status", 0444, constant<"active">),
    attribute("runtime_suspended_time", 0444, constant<"0">),
    attribute("runtime_usage", 0444, show_usage),
    attribute("wakeup", 0644, show_word<kPowerWakeup, "disabled", "enabled">,
              store_word<kPowerWakeup, "disabled", "enabled">),
    attribute("wakeup_abort_count", 0444, show_wakeups),
    attribute("wakeup_active", 0444, show_wakeups),
    attribute("wakeup_active_count", 0444, show_wakeups),
    attribute("wakeup_count", 0444, show_wakeups),
    attribute("wakeup_expire_count", 0444, show_wakeups),
    attribute("wakeup_last_time_ms", 0444, show_wakeups),
    attribute("wakeup_max_time_ms", 0444, show_wakeups),
    attribute("wakeup_total_time_ms", 0444, show_wakeups),
};

store::PowerBits& bus_bits_of(const Scope& function) {
  return function.store->cxl().pci_bus_power[function.cxl - 1];
}

// A host bridge has no runtime power management, and counts what is below it all the same.
constexpr NodeSpec kHostBridgeNodes[] = {
    attribute("async", 0644, show_word<store::kPowerAsync, "enabled", "disabled">,
              store_word<store::kPowerAsync, "enabled", "disabled">),
    attribute("autosuspend_delay_ms", 0644, failing<EIO>),
    attribute("control", 0644, show_word<store::kPowerOn, "auto", "on">, store_word<store::kPowerOn, "auto", "on">),
    attribute("runtime_active_kids", 0444, show_children),
    attribute("runtime_active_time", 0444, constant<"0">),
    attribute("runtime_enabled", 0444, constant<"disabled">),
    attribute("runtime_status", 0444, constant<"unsupported">),
    attribute("runtime_suspended_time", 0444, constant<"0">),
    attribute("runtime_usage", 0444, show_word<store::kPowerOn, "0", "1">),
};

// pm_runtime_no_callbacks() of a service; later device_set_pm_not_required() in part.
bool says_runtime(const Scope& scope) {
  return !scope.store->profile().pci_says_more;
}
Result<void> refuse(const Scope&, std::string_view) {
  return fail(EOPNOTSUPP); // nothing of a service is remembered
}
constexpr NodeSpec kServiceNodes[] = {
    attribute("async", 0644, constant<"enabled">, refuse),
    attribute("runtime_active_kids", 0444, constant<"0">, nullptr, says_runtime),
    attribute("runtime_enabled", 0444, constant<"disabled">, nullptr, says_runtime),
    attribute("runtime_status", 0444, constant<"unsupported">, nullptr, says_runtime),
    attribute("runtime_usage", 0444, constant<"0">, nullptr, says_runtime),
};

} // namespace

constinit const Directory kPciFunctionPower = {kFunctionNodes};
constinit const Directory kPciBusPower = {PowerNodes<bus_bits_of>::kNodes};
constinit const Directory kHostBridgePower = {kHostBridgeNodes};
constinit const Directory kPcieServicePower = {kServiceNodes};

} // namespace daxemu::sysfs
