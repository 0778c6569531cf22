// Nodes that were bound to other places, and what is mounted on nodes.
#include "runtime/preload/names/resolver.hpp"

#include <fcntl.h>

#include "runtime/preload/nodes/covers.hpp"

namespace daxemu::preload {

void Resolver::see_mounts(int dirfd, const char* path, Follow follow, Resolution& found) const noexcept {
  using Kind = Resolution::Kind;
  const BoundNodes& bound = descriptors_->bound();
  if (found.kind == Kind::node && found.node.type == sysfs::NodeType::device &&
      found.node.device < store_->device_table().size()) {
    if (const auto cover = cover_of(*store_, store_->device_table()[found.node.device]); cover) {
      found.kind = Kind::elsewhere;
      found.path.assign(cover->view());
    }
  }
  if (!bound.any() || found.kind == Kind::refused) {
    return;
  }
  // A /dev of the program's own may have the name of a node too, with that or another one bound to it.
  const bool as_given = found.kind == Kind::foreign;
  const char* const at = as_given ? path : found.path.c_str();
  if (const auto there = bound.at(as_given ? dirfd : AT_FDCWD, at, follow == Follow::always); there) {
    if (as_given && !found.path.assign(path)) {
      return;
    }
    found.kind = Kind::node;
    found.node = tree_->node_of(*there->device);
    found.bound = true;
    found.opens_devices = there->opens_devices;
  }
}

} // namespace daxemu::preload
