// The supervisor's own hold on the devices that programs have mapped; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

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
    const std::scoped_lock guard(lock_);
    const std::span<fault::DeviceView> all = views_.all();
    for (; known_ < all.size(); ++known_) { // a view has one file as long as it is there
      if (const auto about = sys::fstat(all[known_].fd()); about) {
        by_file_[{about->st_dev, about->st_ino}].push_back(&all[known_]);
      }
    }
    fault::DeviceView* found = nullptr;
    if (const auto views = by_file_.find({file_system, inode}); views != by_file_.end()) {
      for (fault::DeviceView* const view : views->second) {
        found = found == nullptr || view->alive() ? view : found;
      }
    }
    return found;
  }
  [[nodiscard]] std::span<fault::DeviceView> all() const { return views_.all(); }

private:
  const store::Store* store_;
  mutable std::mutex lock_;
  fault::Views views_;
  using File = std::pair<std::uint64_t, std::uint64_t>; // file system, inode
  mutable std::map<File, std::vector<fault::DeviceView*>> by_file_;
  mutable std::size_t known_ = 0; // views that are in it
};

} // namespace daxemu::supervise
