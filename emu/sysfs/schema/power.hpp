// power/ of a device without runtime power management (drivers/base/power/sysfs.c, CONFIG_PM_ADVANCED_DEBUG as Debian
// has it). What is written to it is remembered and has no other effect.
#pragma once

#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {

// Where the device of a scope has its bits.
using PowerOf = store::PowerBits& (*)(const Scope&);

void set_power(store::PowerBits& bits, std::uint8_t bit, bool on);

template <PowerOf Bits>
struct PowerNodes {
  static bool is(const Scope& scope, std::uint8_t bit) {
    return (Bits(scope).load(std::memory_order_relaxed) & bit) != 0;
  }
  static Result<void> show_async(const Scope& scope, Text& out) {
    out.put(is(scope, store::kPowerAsync) ? "enabled\n" : "disabled\n");
    return {};
  }
  static Result<void> store_async(const Scope& scope, std::string_view text) {
    const bool on = same_text(text, "enabled");
    if (!on && !same_text(text, "disabled")) {
      return fail(EINVAL);
    }
    set_power(Bits(scope), store::kPowerAsync, on);
    return {};
  }
  static Result<void> show_control(const Scope& scope, Text& out) {
    out.put(is(scope, store::kPowerOn) ? "on\n" : "auto\n");
    return {};
  }
  static Result<void> store_control(const Scope& scope, std::string_view text) {
    const bool on = same_text(text, "on");
    if (!on && !same_text(text, "auto")) {
      return fail(EINVAL);
    }
    set_power(Bits(scope), store::kPowerOn, on);
    return {};
  }
  // pm_runtime_forbid() holds a reference.
  static Result<void> show_usage(const Scope& scope, Text& out) {
    out.put(is(scope, store::kPowerOn) ? "1\n" : "0\n");
    return {};
  }
  static constexpr NodeSpec kNodes[] = {
      attribute("async", 0644, show_async, store_async),
      // Autosuspend is not in use: EIO of both, as autosuspend_delay_ms_show and _store answer.
      attribute("autosuspend_delay_ms", 0644, failing<EIO>),
      attribute("control", 0644, show_control, store_control),
      attribute("runtime_active_kids", 0444, constant<"0">),
      attribute("runtime_active_time", 0444, constant<"0">),
      attribute("runtime_enabled", 0444, constant<"disabled">),
      attribute("runtime_status", 0444, constant<"unsupported">),
      attribute("runtime_suspended_time", 0444, constant<"0">),
      attribute("runtime_usage", 0444, show_usage),
  };
};

template <PowerOf Bits>
constinit const Directory kPower = {PowerNodes<Bits>::kNodes};

} // namespace daxemu::sysfs
