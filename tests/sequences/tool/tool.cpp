#include "tests/sequences/tool/tool.hpp"

#include <cstdio>

#include <sys/wait.h>

#include "tests/conformance/ask/text.hpp"

namespace sequences {

std::string output_of(const std::string& command) {
  FILE* out = ::popen((command + " 2>&1").c_str(), "re");
  if (out == nullptr) {
    return conformance::last_error();
  }
  std::string text;
  char line[512];
  while (std::fgets(line, sizeof line, out) != nullptr) {
    std::string one = line;
    one.erase(one.find_last_not_of(" \n") + 1);
    one.erase(0, one.find_first_not_of(' '));
    if (one.rfind("libdaxctl", 0) != 0 && one.rfind("libndctl", 0) != 0) {
      text += (text.empty() ? "" : " ") + one;
    }
  }
  // The node that the memory would be of is the machine's.
  const std::string node = "\"target_node\":0, ";
  for (std::size_t at = 0; (at = text.find(node, at)) != std::string::npos;) {
    text.erase(at, node.size());
  }
  const int status = ::pclose(out);
  return text + " status=" + std::to_string(WEXITSTATUS(status));
}

} // namespace sequences
