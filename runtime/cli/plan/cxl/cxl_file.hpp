// The CXL bus of a platform file, what stands behind "cxl":
//
//   { "host_bridges": [ { "decoders": 4, "root_ports": [
//       { "memdev": { "ram": "1G", "pmem": "512M", "either": "1G", "labels": "1M", "serial": 1, "decoders": 4 } },
//       { "switch": { "decoders": 4, "ports": [ { "memdev": { "ram": "1G" } } ] } } ] } ],
//     "windows": [ { "size": "4G", "targets": [0], "granularity": 256, "ram": true, "pmem": true } ],
//     "regions": [ { "window": 0, "type": "ram", "memdevs": [0, 1], "size": "1G", "driver": "device_dax" } ] }
//
// or { "preset": "two-hosts", "size": "1G", "ways": 2 }, with "regions" of its own where it should not have the
// preset's. Memdevs are numbered in the order in which they stand there. Without "windows" there is one over each host
// bridge, as large as its memdevs.
#pragma once

#include "runtime/cli/plan/cxl/cxl_plan.hpp"
#include "runtime/cli/plan/json/json_fields.hpp"

namespace daxemu::cli {

[[nodiscard]] CxlPlan read_cxl(Fields& fields, const Profile& kernel);

} // namespace daxemu::cli
