#include "runtime/fault/devices/views.hpp"

#include <new>

#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/aside.hpp"

namespace daxemu::fault {

Result<DeviceView*> Views::get(const store::Store& store, store::DeviceRecord& device, const FolioHooks* hooks) {
  if (views_ == nullptr) {
    auto memory = sys::mmap_aside(kMost * sizeof(DeviceView) + kGroups * sizeof(std::uint16_t), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
    if (!memory) {
      return tl::unexpected(memory.error());
    }
    views_ = static_cast<DeviceView*>(*memory);
    newest_ = reinterpret_cast<std::uint16_t*>(views_ + kMost);
  }
  const std::size_t count = count_.load(std::memory_order_relaxed);
  const auto number = static_cast<std::size_t>(&device - store.device_table().data());
  std::uint16_t& newest = newest_[number % kGroups];
  if (newest != 0 && views_[newest - 1].shows(device)) {
    return &views_[newest - 1];
  }
  for (std::size_t at = newest == 0 ? count : 0; at < count; ++at) { // none of the group: none of the device
    if (views_[at].shows(device)) {
      newest = static_cast<std::uint16_t>(at + 1);
      return &views_[at];
    }
  }
  if (count >= kMost) {
    return fail(ENOMEM);
  }
  auto made = DeviceView::make(store, device);
  if (!made) {
    return tl::unexpected(made.error());
  }
  if (hooks != nullptr) {
    made->use(hooks);
    if (auto fine = hooks->opened(hooks->self, *made); !fine) {
      return tl::unexpected(fine.error()); // its descriptor stays with us: the next mmap asks again
    }
  }
  auto* view = new (views_ + count) DeviceView(std::move(*made));
  count_.store(count + 1, std::memory_order_release);
  newest = static_cast<std::uint16_t>(count + 1);
  return view;
}

} // namespace daxemu::fault
