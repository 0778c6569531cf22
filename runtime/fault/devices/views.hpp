// The devices this process has mapped. Views are never moved nor freed: a fault may be looking at one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
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
  static constexpr std::size_t kGroups = 1024; // of devices, by their records' numbers

  DeviceView* views_ = nullptr;
  std::uint16_t* newest_ = nullptr; // behind the views: of each group, that of the device asked for last, + 1
  std::atomic<std::size_t> count_{0};
};

} // namespace daxemu::fault
