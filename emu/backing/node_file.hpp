// The file that descriptors of a device are of, and what the store says of it.
#pragma once

#include <string>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::backing {

struct NodeFile {
  UniqueFd fd; // whoever holds it keeps the node
  store::NodeRecord record;
};

// A node for `device` ("dax0.0", or what it is to be called meanwhile) from `source`. Errors (Problem): those of making
// the file.
[[nodiscard]] Outcome<NodeFile> make_node(FileSource& source, const std::string& device);

} // namespace daxemu::backing
