// The devices this process has mapped. Views are never moved nor freed: a fault may be looking at one.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>

#include "runtime/fault/devices/device_view.hpp"

namespace daxemu::fault {

class Views {
public:
  // The view of `device` as it is now, made if need be, with `hooks` (nullptr: none). Under the table's lock. Errors:
  // DeviceView::make's, ENOMEM, those of hooks.opened.
  Result<DeviceView*> get(const store::Store& store, store::DeviceRecord& device, const FolioHooks* hooks);
  [[nodiscard]] std::span<DeviceView> all() const { return {views_, count_.load(std::memory_order_acquire)}; }

private:
  static constexpr std::size_t kMost = 4096;
  DeviceView* views_ = nullptr;
  std::atomic<std::size_t> count_{0};
};

} // namespace daxemu::fault
