// Where a node was bound to (mount --bind, docker run --device), the kernel has mounted a file that stands for it
// (stand_ins.hpp): what finds that file has found the node. Until the first bind of a platform, nobody looks.
#pragma once

#include <optional>

#include <sys/stat.h>

#include "emu/store/mount_table.hpp"

namespace daxemu::preload {

class BoundNodes {
public:
  explicit BoundNodes(const store::Store& store) : store_(&store), made_(&store.platform().binds_made) {}

  // Was ever a node bound? One load.
  [[nodiscard]] bool any() const noexcept { return made_->load(std::memory_order_acquire) != 0; }

  // What is found there.
  struct Found {
    store::DeviceRecord* device = nullptr;
    bool opens_devices = true; // the mount is not one with "nodev"
  };
  // Of an open file, of which fstat(2) says `about`.
  [[nodiscard]] std::optional<Found> of(int fd, const struct stat& about) const noexcept;
  // Of what the kernel finds at a path.
  [[nodiscard]] std::optional<Found> at(int dirfd, const char* path, bool follow) const noexcept;

private:
  const store::Store* store_;
  const std::atomic<std::uint32_t>* made_;
};

} // namespace daxemu::preload
