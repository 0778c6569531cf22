// A device as JSON, with daxctl's keys first (util_daxctl_dev_to_json in ndctl's daxctl/json.c), then what only an
// emulated one has.
#pragma once

#include <nlohmann/json.hpp>

#include "emu/store/store.hpp"

namespace daxemu::cli {

// chardev, size, target_node, align, mode, online_memblocks, total_memblocks, movable, state: daxctl's order and rules.
[[nodiscard]] nlohmann::ordered_json daxctl_json(const store::Store& store, const store::DeviceRecord& device);

} // namespace daxemu::cli
