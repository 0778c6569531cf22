// The name of a process, as ps shows it.
#pragma once

#include <fstream>
#include <string>

namespace daxemu::cli {

// Empty: there is no such process.
[[nodiscard]] inline std::string comm_of(int pid) {
  std::string comm;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), comm);
  return comm;
}

} // namespace daxemu::cli
