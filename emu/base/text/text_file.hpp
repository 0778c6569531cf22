// Files and folders of text, as /proc and /sys have them. Not by streams and <filesystem>: whatever of emu/ becomes
// part of the preload library must not bring all of the standard library's locales, which every process would pay for.
#pragma once

#include <string>
#include <string_view>

#include "emu/base/function_ref.hpp"

namespace daxemu {

// The file's text, as far as it can be read.
[[nodiscard]] std::string read_text(const char* path);
// The names in a folder, "." and ".." too, in the kernel's order; none if it cannot be opened.
void each_name(const char* directory, FunctionRef<void(std::string_view)> each);

} // namespace daxemu
