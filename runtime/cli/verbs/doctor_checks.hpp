// What this machine allows, each with the remedy where it does not.
#pragma once

#include <string>
#include <vector>

namespace daxemu::cli {

enum class Verdict { good, limited, missing };

struct Finding {
  std::string topic;
  Verdict verdict = Verdict::good;
  std::string detail; // what is there
  std::string remedy; // empty when nothing needs doing
};

// Looks at everything; the order is that of the report. Changes nothing on the machine.
[[nodiscard]] std::vector<Finding> examine_machine();

} // namespace daxemu::cli
