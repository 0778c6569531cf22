// What `daxemu run` and its like say at their end of programs that could not see the devices.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "emu/store/store.hpp"

namespace daxemu::cli {

// Starts of such programs, counted before a command and compared after it: a named platform has a past.
class UnservedReport {
public:
  explicit UnservedReport(const store::Store& store);
  // One line for people about the programs started since; empty: there were none.
  [[nodiscard]] std::string text() const;

private:
  const store::Store& store_;
  std::map<std::string, std::uint64_t> before_; // starts, by path
  std::uint64_t all_before_;
};

} // namespace daxemu::cli
