#include "runtime/fault/devices/device_view.hpp"

#include <atomic>

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/mm/folio_counts.hpp"
#include "runtime/fault/process/private_fds.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uintptr_t kStackGrain = 64UL * 1024;

// A description of our own, open for writing whatever the program's is: userfaultfd takes only mappings that may be
// written (VM_MAYWRITE).
Result<UniqueFd> open_bytes(const store::Store& store, const store::DeviceRecord& device) {
  auto opened = store.open_file(device.backing.location.c_str(), O_RDWR | O_CLOEXEC);
  const auto st = opened ? sys::fstat(opened->get()) : Result<struct stat>(tl::unexpected(opened.error()));
  if (!st) {
    return tl::unexpected(st.error());
  }
  if (st->st_ino != device.backing.st_ino || st->st_dev != device.backing.st_dev) {
    return fail(ENXIO); // the keeper is gone, and its number is another's
  }
  return opened;
}

} // namespace

Result<DeviceView> DeviceView::make(const store::Store& store, store::DeviceRecord& device) {
  auto opened = open_bytes(store, device);
  if (!opened) { // of an unbound device the file may be gone too
    const bool enabled = device.state.load(std::memory_order_acquire) == store::DeviceState::enabled;
    return tl::unexpected(enabled ? opened.error() : Errno{ENXIO});
  }
  auto kept = PrivateFds::adopt(std::move(*opened));
  if (!kept) {
    return tl::unexpected(kept.error());
  }
  DeviceView view;
  view.store_ = &store;
  view.device_ = &device;
  view.incarnation_ = device.incarnation.load(std::memory_order_acquire);
  view.born_ = device.born;
  view.inode_ = device.backing.st_ino;
  view.folios_location_ = device.folios_location;
  view.size_ = device.size.load(std::memory_order_acquire);
  view.align_ = device.align;
  view.page_size_ = device.backing.page_size;
  view.hugetlb_ = device.backing.kind == store::BackingKind::hugetlb;
  view.tracks_writes_ = device.tracker.load(std::memory_order_acquire) != 0;
  view.shift_ = log2_of(device.align);
  const std::uint64_t extents = dax::extent_count(device);
  const auto records = view.open_folios();
  auto folios =
      records ? mm::FolioTable::map(records->get(), extents) : Result<mm::FolioTable>(tl::unexpected(records.error()));
  auto reserved = view.faulted_.reserve(extents);
  auto image = LazyImage::of(device);
  const bool same = view.alive(); // else somebody has unbound it, and may have changed what we were reading
  if (!same || !folios || !reserved || !image) {
    PrivateFds::forget(kept->get());
    return tl::unexpected(!same       ? Errno{ENXIO}
                          : !folios   ? folios.error()
                          : !reserved ? reserved.error()
                                      : image.error());
  }
  view.folios_ = std::move(*folios);
  view.image_ = std::move(*image);
  view.image_.read_ahead();
  view.fd_ = kept->release();
  view.failures_seen = view.failures().last.load();
  return view;
}

Result<UniqueFd> DeviceView::open_folios() const {
  return store_->open_file(device_->folios_location.c_str(), O_RDWR | O_CLOEXEC);
}

// Nothing else needs a look, and looking would race: what a device is made of changes while it is unbound, and then it
// is another incarnation (records.hpp).
bool DeviceView::shows(const store::DeviceRecord& device) const {
  return device_ == &device && std::atomic_ref(incarnation_).load(std::memory_order_acquire) ==
                                   device.incarnation.load(std::memory_order_acquire);
}

bool DeviceView::alive() const {
  return device_->state.load(std::memory_order_acquire) == store::DeviceState::enabled && shows(*device_);
}

bool DeviceView::is_of_the_same(const store::DeviceRecord& device) const {
  return device.born == born_ && device.size.load(std::memory_order_acquire) == size_ && device.align == align_ &&
         device.backing.st_ino == inode_ && device.folios_location.view() == folios_location_.view();
}

bool DeviceView::revive() {
  const std::uint64_t now = device_->incarnation.load(std::memory_order_acquire);
  if (device_->state.load(std::memory_order_acquire) != store::DeviceState::enabled || !is_of_the_same(*device_) ||
      now != device_->incarnation.load(std::memory_order_acquire)) { // unbound meanwhile, and changed while we looked
    return false;
  }
  std::atomic_ref(incarnation_).store(now, std::memory_order_release);
  return alive();
}

store::CounterStripe& DeviceView::counters() const {
  // By stack: threads have different ones, and unlike a thread-local this works in threads without a C library.
  const auto stripe =
      reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) / kStackGrain % store::kCounterStripes;
  return device_->counters[stripe];
}

Result<void> DeviceView::allocate(ExtentIndex extent) const {
  auto allocated = sys::fallocate(fd_, 0, extent.value() * align_, align_);
  if (allocated) {
    folio(extent).flags.fetch_or(mm::kFolioZeroed);
  }
  return allocated;
}

void DeviceView::count_first(ExtentIndex extent) {
  auto& flags = folios_[extent].flags;
  if ((flags.load() & mm::kFolioTouched) == 0 && (flags.fetch_or(mm::kFolioTouched) & mm::kFolioTouched) == 0) {
    auto& counter = counters();
    counter.extents.fetch_add(1, std::memory_order_relaxed);
    counter.bytes.fetch_add(align_, std::memory_order_relaxed);
  }
}

void DeviceView::tell_unmapped(ExtentIndex extent) const {
  if (hooks_ == nullptr) {
    return;
  }
  hooks_->unmapped(hooks_->self, *this, extent);
  // Device-private memory was free once its data had moved.
  if (hooks_->frees && !hooks_->swaps && mm::counts_of(folios_[extent]).refs == 0) {
    hooks_->folio_free(hooks_->self, *this, extent);
  }
}

// do_swap_page() of a device-private entry: once for all processes, whose page it is from then on.
Result<void> DeviceView::migrate(ExtentIndex extent) const {
  return bring_once(folios_[extent], [&]() -> Result<void> {
    auto ram = Mapping::of(fd_, align_, PROT_READ | PROT_WRITE, MAP_SHARED, extent.value() << shift_);
    if (!ram) {
      return tl::unexpected(ram.error());
    }
    auto moved = hooks_->migrate_to_ram(hooks_->self, *this, extent, ram->bytes().data());
    note_change();
    if (!moved) {
      return moved;
    }
    if (hooks_->frees) {
      hooks_->folio_free(hooks_->self, *this, extent);
    }
    return {};
  });
}

bool DeviceView::note_touch(ExtentIndex extent) {
  const bool fresh = !faulted_.set(extent.value());
  count_first(extent);
  return fresh;
}

void DeviceView::note_index(ExtentIndex extent, std::uint64_t index) const {
  mm::FolioRecord& record = folio(extent);
  std::uint64_t before = record.mapping.load(std::memory_order_acquire);
  const std::uint64_t mark = mapping_mark();
  if (before != mark && record.mapping.compare_exchange_strong(before, mark)) {
    record.index.store(index, std::memory_order_release);
  }
}

std::uint64_t DeviceView::index_of(ExtentIndex extent) const {
  const mm::FolioRecord& record = folio(extent);
  return record.mapping.load(std::memory_order_acquire) == mapping_mark() ? record.index.load()
                                                                          : extent.value() << shift_;
}

void DeviceView::note_ahead(ExtentIndex extent) {
  (void)note_touch(extent);
  counters().ahead.fetch_add(1, std::memory_order_relaxed);
}

} // namespace daxemu::fault
