// What a trace, and who reads refusals, gets to know of a write to an attribute.
#pragma once

#include <cstdint>
#include <string_view>

#include "emu/base/result.hpp"

namespace daxemu::sysfs {

// `text` was written to `path`, and `stored` is what became of it. `since`: trace::begin()'s answer when it began.
void note_write(std::uint64_t since, std::string_view path, std::string_view text, const Result<void>& stored);

} // namespace daxemu::sysfs
