// power/ of a device without runtime power management (drivers/base/power/sysfs.c, CONFIG_PM_ADVANCED_DEBUG as Debian
// has it).
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/values.hpp"

namespace daxemu::sysfs {
namespace {

constexpr NodeSpec kNodes[] = {
    attribute("async", 0644, constant<"disabled">),
    attribute("autosuspend_delay_ms", 0644, failing<EIO>), // autosuspend_delay_ms_show: autosuspend is not in use
    attribute("control", 0644, constant<"auto">),
    attribute("runtime_active_kids", 0444, constant<"0">),
    attribute("runtime_active_time", 0444, constant<"0">),
    attribute("runtime_enabled", 0444, constant<"disabled">),
    attribute("runtime_status", 0444, constant<"unsupported">),
    attribute("runtime_suspended_time", 0444, constant<"0">),
    attribute("runtime_usage", 0444, constant<"0">),
};

} // namespace

constinit const Directory kPower = {kNodes};

} // namespace daxemu::sysfs
