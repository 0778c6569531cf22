// The supervisor's own hold on the devices that programs have mapped; any thread.
#pragma once

#include <cstdint>
#include <mutex>

#include "runtime/fault/devices/views.hpp"

namespace daxemu::supervise {

class Devices {
public:
  explicit Devices(const store::Store& store) : store_(&store) {}

  [[nodiscard]] const store::Store& store() const { return *store_; }
  // Errors: Views::get's.
  [[nodiscard]] Result<fault::DeviceView*> get(store::DeviceRecord& device) {
    const std::scoped_lock guard(lock_);
    return views_.get(*store_, device, nullptr);
  }
  // Whose bytes the file is; a device that was made anew out of the same ones rather than the one that was before.
  // nullptr: no device's.
  [[nodiscard]] fault::DeviceView* of(std::uint64_t file_system, std::uint64_t inode) const {
    fault::DeviceView* found = nullptr;
    for (fault::DeviceView& view : views_.all()) {
      const auto about = sys::fstat(view.fd());
      if (about && about->st_dev == file_system && about->st_ino == inode && (found == nullptr || view.alive())) {
        found = &view;
      }
    }
    return found;
  }
  [[nodiscard]] std::span<fault::DeviceView> all() const { return views_.all(); }

private:
  const store::Store* store_;
  std::mutex lock_; // of who adds one
  fault::Views views_;
};

} // namespace daxemu::supervise
