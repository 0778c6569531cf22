// Names for code addresses of other processes.
#pragma once

#include <cstdint>
#include <string>

namespace daxemu::cli {

// What a person calls the return address `site` in process `pid`: "function+0x1c (file.c:40)" as far as its program's
// symbols and debug information say, "library.so+0x1234" without symbols, the number for a process that has ended, "-"
// for 0.
[[nodiscard]] std::string call_site_text(int pid, std::uint64_t site);

} // namespace daxemu::cli
