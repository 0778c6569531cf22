#include "emu/backing/node_file.hpp"

#include <cstring>

namespace daxemu::backing {

Outcome<NodeFile> make_node(FileSource& source, const std::string& device) {
  const std::string name = device + std::string(store::kNodeSuffix);
  auto file = source.make_node(name);
  const auto about = file ? sys::fstat(file->fd.get()) : Result<struct stat>(tl::unexpected(file.error()));
  if (!about) {
    return refuse(about.error().value, "the file " + name + " cannot be made: " + std::strerror(about.error().value),
                  "raise the limit of open files, or remove what is in the way");
  }
  NodeFile node{.fd = std::move(file->fd), .record = {}};
  node.record.st_dev = about->st_dev;
  node.record.st_ino = about->st_ino;
  node.record.location.assign(file->location);
  return node;
}

} // namespace daxemu::backing
