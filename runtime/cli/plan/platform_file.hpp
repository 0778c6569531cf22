// A platform described by a JSON file: several regions, devices and NUMA nodes.
//
//   { "engine": "auto", "backing": "auto",
//     "regions": [ { "id": 0, "kind": "hmem", "size": "16G", "numa_node": 0,
//                    "devices": [ { "id": 0, "size": "4G", "align": "2M", "backing": "shmem" } ] } ] }
//
//     "cxl": { "preset": "two-hosts" }     (cxl_file.hpp)
//
// Only `regions` or `cxl` and the devices' `size` must be there. Sizes are texts ("4G") or numbers of bytes;
// `numa_node` is a number or "none"; `start` is the lowest physical address a region may begin at, "64G" for one (it
// begins higher where this machine or another region has memory, so programs that number memory blocks find the same
// where that is free); a region without `size` is as large as its devices; ids count up from 0 where they are missing.
// daxctl sees a region once it has a device.
//
// What `daxemu record` writes has more: `notes`, texts for people; of a region `shown_numa_node`, which its devices say
// whatever nodes this machine has, and `target_node`; of the device of a pmem region the `uuid` of its namespace.
#pragma once

#include <string>

#include "emu/base/result.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace daxemu::cli {

// Errors (Problem, EINVAL) name the line, the key, what is wrong with its value and what would be right.
[[nodiscard]] Outcome<PlatformPlan> parse_platform(const std::string& text, const std::string& file);

// Errors (Problem): open(2)'s and read(2)'s, EFBIG (more than a megabyte), those of parse_platform.
[[nodiscard]] Outcome<PlatformPlan> read_platform_file(const std::string& file);

} // namespace daxemu::cli
