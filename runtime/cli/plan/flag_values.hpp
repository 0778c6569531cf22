// What the text of a flag means: sizes, times and nodes. Each refusal names the flag, the value and good ones.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "emu/base/result.hpp"

namespace daxemu::cli {

// The bytes that `text` says ("2M", "4G"), or nothing if it is empty. Errors (Problem, EINVAL) name `flag`.
[[nodiscard]] Outcome<std::optional<std::uint64_t>> size_of_flag(const char* flag, const std::string& text);

// The seconds that `text` says ("30"; 0 too), or nothing if it is empty. Errors (Problem, EINVAL) name `flag`.
[[nodiscard]] Outcome<std::optional<std::chrono::seconds>> seconds_of_flag(const char* flag, const std::string& text);

// The node that the text of --numa-node says, kNoNode for "none", or nothing if it is empty. Whether the machine has
// the node is the topology's to say. Errors (Problem): EINVAL.
[[nodiscard]] Outcome<std::optional<int>> node_of_flag(const std::string& text);

} // namespace daxemu::cli
