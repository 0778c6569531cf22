#include "runtime/fault/devices/views.hpp"

#include <new>

#include <sys/mman.h>

#include "emu/base/aside.hpp"
#include "emu/base/sys.hpp"

namespace daxemu::fault {

Result<DeviceView*> Views::get(const store::Store& store, store::DeviceRecord& device, const FolioHooks* hooks) {
  for (DeviceView& view : all()) {
    if (view.shows(device)) {
      return &view;
    }
  }
  const std::size_t count = count_.load(std::memory_order_relaxed);
  if (count >= kMost) {
    return fail(ENOMEM);
  }
  if (views_ == nullptr) {
    auto memory = sys::mmap_aside(kMost * sizeof(DeviceView), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
    if (!memory) {
      return tl::unexpected(memory.error());
    }
    views_ = static_cast<DeviceView*>(*memory);
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
  return view;
}

} // namespace daxemu::fault
