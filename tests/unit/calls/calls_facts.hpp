// What this machine says there is: the functions that a library exports, the numbers of system calls and the operations
// of io_uring in the kernel's headers.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace daxemu::calls {

struct Symbol {
  std::string name;
  std::string version; // "" if it has none
};

// The functions (ifuncs among them) that other objects can be bound to in the ELF64 file at `path`. Nothing: no such
// file.
[[nodiscard]] std::vector<Symbol> exported_functions(const std::string& path);

// The file that this process has loaded as `soname`.
[[nodiscard]] std::string loaded_file(const char* soname);

// __NR_name of an asm/unistd_64.h.
[[nodiscard]] std::map<std::string, int> system_calls(const std::string& header);
// IORING_OP_name of a linux/io_uring.h, in their order, which is their value.
[[nodiscard]] std::vector<std::string> ring_operations(const std::string& header);

// The words of a list with blanks between them.
[[nodiscard]] std::vector<std::string_view> words(std::string_view list);

} // namespace daxemu::calls
