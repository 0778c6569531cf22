// This process's own hold on a device: a descriptor of its backing open for reading and writing, its folio records, and
// which extents were faulted in here. Made when the device is first mapped, kept until the process ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "emu/base/result.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/store/store.hpp"
#include "runtime/fault/devices/extent_bitmap.hpp"
#include "runtime/fault/devices/folio_hooks.hpp"
#include "runtime/fault/devices/lazy_image.hpp"
#include "runtime/fault/devices/page_maker.hpp"
#include "runtime/fault/devices/touch_streams.hpp"

namespace daxemu::fault {

class DeviceView {
public:
  // Errors: those of opening the device's bytes and its folio records;
  // ENXIO (it was unbound just now).
  [[nodiscard]] static Result<DeviceView> make(const store::Store& store, store::DeviceRecord& device);

  // Is it the view of the device as it is now? A record can be given to another device once its own is deleted.
  [[nodiscard]] bool shows(const store::DeviceRecord& device) const;
  // Bound to device_dax, and still the device this view was made of (dax_alive).
  [[nodiscard]] bool alive() const;

  // run_dax() of the device that is bound again: if nothing of it has changed since this view was made, it is alive as
  // it was. False: it is another device, or another size or alignment, or not bound. Under the table's lock.
  [[nodiscard]] bool revive();

  [[nodiscard]] store::DeviceRecord& device() const { return *device_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::uint64_t align() const { return align_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Bytes of one page of the backing; an extent on hugetlb is one page.
  [[nodiscard]] bool one_page_extents() const { return page_size_ == align_; }
  [[nodiscard]] bool hugetlb() const { return hugetlb_; }
  // `offset` is below size().
  [[nodiscard]] ExtentIndex extent_at(std::uint64_t offset) const { return ExtentIndex(offset >> shift_); }
  [[nodiscard]] mm::FolioRecord& folio(ExtentIndex extent) const { return folios_[extent]; }
  // A descriptor of the device's folio records. Errors: open(2)'s.
  [[nodiscard]] Result<UniqueFd> open_folios() const;
  [[nodiscard]] mm::FailureLog& failures() const { return folios_.control().failures; }
  // Makes sure that the extent has its bytes, if they come from somewhere: the device's image, or device-private
  // memory. Errors: those of LazyImage::bring, and of hooks.migrate_to_ram.
  // `next`: who goes through the device in order will want that one next; its page is made meanwhile.
  [[nodiscard]] Result<void> bring(ExtentIndex extent, std::optional<ExtentIndex> next = {}) const {
    if (hooks_ != nullptr && hooks_->swaps) {
      return migrate(extent);
    }
    const bool is_wanted = next && image_.has_data(*next) && !has_bytes(*next);
    const PageMaker::Page page = is_wanted ? page_of(*next) : PageMaker::Page{};
    return image_.bring(extent, folios_[extent], fd_, is_wanted ? &page : nullptr);
  }
  // Has it extents whose huge pages a second thread can make?
  [[nodiscard]] bool has_pages_to_make() const { return align_ == kPmdSize && has_image(); }
  [[nodiscard]] bool has_image() const { return image_.is_there(); }
  // Somebody wants to know which extents are written to.
  [[nodiscard]] bool tracks_writes() const { return tracks_writes_; }
  // After what is mapped of the device has changed, or its bytes not by a mapping of the program (mapping_changes).
  void note_change() const { device_->mapping_changes.fetch_add(1, std::memory_order_acq_rel); }
  // Nothing to be brought any more?
  [[nodiscard]] bool has_bytes(ExtentIndex extent) const {
    return !has_image() || (folio(extent).flags.load(std::memory_order_acquire) & mm::kFolioLoaded) != 0;
  }
  // On hugetlb: is the extent's page in the page cache? (an answer of yes may be out of date)
  [[nodiscard]] bool is_allocated(ExtentIndex extent) const {
    return (folio(extent).flags.load() & (mm::kFolioTouched | mm::kFolioZeroed)) != 0;
  }
  // LazyImage's.
  bool expect(ExtentIndex extent) const {
    return image_.expect(extent, [this](ExtentIndex other) { return has_bytes(other); });
  }
  // In a forked child, after ImageAhead::abandon().
  void read_ahead() const { image_.read_ahead(); }
  [[nodiscard]] ImageAhead::Near near(ExtentIndex extent) const { return image_.near(extent); }
  // Allocates and zeroes it before it is touched. Errors: fallocate(2)'s.
  [[nodiscard]] Result<void> allocate(ExtentIndex extent) const;
  [[nodiscard]] ExtentBitmap& faulted() { return faulted_; }
  // The counters this thread adds to.
  [[nodiscard]] store::CounterStripe& counters() const;

  // A touch of `extent` is about to be served: counts it as the platform's first if it is. Call before looking at the
  // folio's poison flag: whoever sets that flag looks at faulted() afterwards, so one of the two sees the other.
  // Returns whether this process had not touched it before.
  bool note_touch(ExtentIndex extent);

  // Operations of a plugin; none is the rule. Set before anything is touched.
  void use(const FolioHooks* hooks) { hooks_ = hooks; }
  [[nodiscard]] const FolioHooks* hooks() const { return hooks_; }
  // The extent is mapped here now, or no longer.
  void tell_mapped(ExtentIndex extent) const {
    if (hooks_ != nullptr) [[unlikely]] {
      hooks_->mapped(hooks_->self, *this, extent);
    }
  }
  void tell_unmapped(ExtentIndex extent) const;
  // dax_set_mapping(): the first touch of an extent since the driver took the device says where in the device's file
  // its page is (bytes), for good. index_of() of one that nobody has touched yet: where it should be.
  void note_index(ExtentIndex extent, std::uint64_t index) const;
  [[nodiscard]] std::uint64_t index_of(ExtentIndex extent) const;
  // `extent` was mapped together with one that was touched. Under the table's lock.
  void note_ahead(ExtentIndex extent);
  [[nodiscard]] TouchStreams& streams() { return streams_; }

  // What the watcher last saw of alive().
  bool was_alive = true;
  // The last of failures() that this process knows.
  std::uint64_t failures_seen = 0;
  // What its watcher last saw to be poisoned in mappings that filler is in.
  std::uint64_t poison_seen = 0;

private:
  const store::Store* store_ = nullptr;
  store::DeviceRecord* device_ = nullptr;
  [[nodiscard]] bool is_of_the_same(const store::DeviceRecord& device) const;

  alignas(8) mutable std::uint64_t incarnation_ = 0; // read by whoever faults (std::atomic_ref)
  std::uint64_t born_ = 0;
  std::uint64_t inode_ = 0; // of the bytes
  FixedString<128> folios_location_;
  std::uint64_t size_ = 0;
  std::uint64_t align_ = 0;
  std::uint64_t page_size_ = 0;
  unsigned shift_ = 0;
  bool hugetlb_ = false;
  bool tracks_writes_ = false;
  int fd_ = -1;
  mm::FolioTable folios_;
  LazyImage image_;
  ExtentBitmap faulted_;
  TouchStreams streams_;
  void count_first(ExtentIndex extent);
  // What folio->mapping is for pages of this incarnation.
  [[nodiscard]] std::uint64_t mapping_mark() const {
    return std::atomic_ref(incarnation_).load(std::memory_order_acquire) * 2 + 1;
  }
  const FolioHooks* hooks_ = nullptr;

  [[nodiscard]] Result<void> migrate(ExtentIndex extent) const;
  [[nodiscard]] PageMaker::Page page_of(ExtentIndex extent) const {
    return {.bytes = fd_, .offset = extent.value() << shift_, .folio = &folios_[extent], .hugetlb = hugetlb_};
  }
};

} // namespace daxemu::fault
