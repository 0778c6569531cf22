// Where in a JSON text each value stands, so that a mistake in it can be shown with its line.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace daxemu::cli {

// Lines by path ("regions[0].devices[1].size"; "" is the whole). A value that does not parse: `mistake` says why, and
// `mistake_line` where.
struct JsonLines {
  std::map<std::string, std::size_t> lines;
  std::string mistake;
  std::size_t mistake_line = 0;

  [[nodiscard]] std::size_t of(const std::string& path) const {
    const auto found = lines.find(path);
    return found == lines.end() ? 1 : found->second;
  }
};

[[nodiscard]] JsonLines find_json_lines(const std::string& text);

} // namespace daxemu::cli
