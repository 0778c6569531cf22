// The cxl family: what is written to the CXL bus in sysfs, and to the dax bus of what regions become, with good and bad
// words, and what sysfs, /dev, /proc/iomem and cxl say then. There is no device-dax at the start (`--device none`): one
// host bridge, three memdevs, two windows. Words for what is on the buses:
//
//   d2.1 decoder2.1    r0 region0, rl the last that was made    m0 mem0    p1 port1    e2 endpoint2    M0 mem0's PCI
//   function x0.1 dax0.1, xl the first dax device of the last region     X0 dax_region0, Xl that of the last region
//
// Left out is what the kernel does beside whoever wrote, for two runs need not answer alike then: cxl_acpi (which looks
// at all memdevs anew in a work queue) and cxl_port of what has endpoints below it (schedule_cxl_memdev_detach). And a
// region is not made narrower or given another size once it has targets: the kernel forgets those behind its new end.
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::cxl {

void add_call(Making& making);
void add_state(Making& making, bool all);
std::optional<std::string> play(Stage& stage, const Call& call);

bool concerns(const Call& call);
// What the buses say of themselves.
std::string look();
// No region, endpoint decoders as new, memdevs and numbers of regions as at the start. What is otherwise, if that
// fails.
std::string restore();
// Waits for what the kernel does beside whoever wrote: of an endpoint that is gone, cxl_mem lets go in a work queue,
// and until then takes no memdev (cxl_mem_probe).
void settle();

// What the machine decides, asked once, before the first sequence: where windows and functions are.
void know_machine();
// PCI address of mem0, mem1...
const std::string& function_of(std::size_t memdev);
// Addresses in windows as "w0+0x10000000", in whatever text, hexadecimal or decimal.
std::string without_addresses(const std::string& text);

inline const std::string kDevices = "/sys/bus/cxl/devices/";
inline const std::string kDrivers = "/sys/bus/cxl/drivers/";
inline const std::string kDaxDevices = "/sys/bus/dax/devices/";
inline const std::string kDaxDrivers = "/sys/bus/dax/drivers/";
inline const std::string kFunctionDriver = "/sys/bus/pci/drivers/cxl_pci";
constexpr std::size_t kMemdevs = 3;

// What a new region still lacks, as far as the calls before say: the next step of one who makes a region as cxl(1)
// does. False: it has all, or there is none.
bool add_next_step(Making& making);
// Whether the last region has got targets.
bool has_targets(const Making& making);

} // namespace sequences::cxl
