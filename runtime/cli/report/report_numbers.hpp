// A run in a few numbers: what two runs are compared by. They lie in each report, so that a page is enough to compare
// with.
#pragma once

#include <string>
#include <vector>

#include "emu/base/result.hpp"
#include "runtime/cli/report/run_history.hpp"

namespace daxemu::cli {

enum class NumberKind { count, bytes, microseconds };

struct RunNumber {
  std::string what;
  double value = 0;
  NumberKind kind = NumberKind::count;
};
struct RunNumbers {
  std::string command;
  std::vector<RunNumber> numbers;
};

[[nodiscard]] RunNumbers numbers_of(const RunHistory& history);
[[nodiscard]] std::string number_text(const RunNumber& number);

// The element of a page that holds them.
[[nodiscard]] std::string numbers_element(const RunNumbers& numbers);
// Of a report, or of a trace. Errors (Problem): it cannot be read, or is neither.
[[nodiscard]] Outcome<RunNumbers> read_numbers(const std::string& path);

// The part of a page that puts the two beside each other.
[[nodiscard]] std::string compare_part(const RunNumbers& before, const RunNumbers& now);

} // namespace daxemu::cli
