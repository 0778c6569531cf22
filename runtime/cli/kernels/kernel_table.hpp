// What one command did on each kernel: a table for people, or JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/kernels/output_difference.hpp"
#include "runtime/cli/stage/child.hpp"
#include "runtime/cli/state/statistics.hpp"

namespace daxemu::cli {

struct KernelRun {
  std::string kernel;                  // "6.12"
  std::optional<ChildEnd> end;         // none: it was not run there, for the user had ended it before
  DeviceTotals counted;                // of all devices of its platform
  std::string statistics;              // of each device, for people
  bool whole = true;                   // was all compared that it and the first printed?
  std::vector<Difference> differences; // from the first
};

struct KernelTable {
  std::vector<std::string> command;
  std::vector<KernelRun> runs; // the first is what the others are compared with

  // What to end like: as the command ended on the first kernel where that was no success; a success only if all were.
  [[nodiscard]] ChildEnd end() const;
};

// A line per kernel, then both lines of the first differences.
[[nodiscard]] std::string kernel_table_text(const KernelTable& table);
// One object, exit codes as a shell shows them.
[[nodiscard]] std::string kernel_table_json(const KernelTable& table);

} // namespace daxemu::cli
