#include "runtime/preload/pins/held_device.hpp"

#include <algorithm>
#include <new>

#include <fcntl.h>

#include "emu/base/clock.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/trace/trace.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/fault/process/table_lock.hpp"

namespace daxemu::preload {
namespace {

constinit fault::TableLock opening;
constinit std::atomic<std::size_t> opened_devices{0};

std::uint64_t now_ns() {
  return clock_ns(CLOCK_REALTIME_COARSE);
}

void trace_hold(trace::Kind kind, const fault::DeviceView& view, std::uint64_t pgoff, std::uint64_t nr_pages,
                HoldKind how, std::uint64_t site = 0) {
  trace::note([&] {
    return trace::Event{.offset = pgoff << kPageShift,
                        .length = nr_pages << kPageShift,
                        .site = site,
                        .minor = view.device().minor,
                        .kind = kind,
                        .text = {mm::kHoldNames[static_cast<std::size_t>(how.by)]}};
  });
}

} // namespace

HeldDevice::HeldDevice(const fault::DeviceView& view, const Profile& profile, mm::FolioTable folios,
                       mm::HolderTable holders)
    : view_(&view), behaviours_(pgmap::behaviours_of_record(view.device().behaviours, profile)),
      order_(log2_of(view.align()) - static_cast<unsigned>(kPageShift)), folios_(std::move(folios)),
      holders_(std::move(holders)) {}

// Never destroyed: threads may still run while the process exits.
HeldDevice* HeldDevice::all() {
  alignas(HeldDevice) static std::byte storage[kMost * sizeof(HeldDevice)];
  return reinterpret_cast<HeldDevice*>(storage);
}

void HeldDevice::forget_all() {
  opening.reset();
  for (std::size_t at = 0; at < opened_devices.load(); ++at) {
    all()[at].holders_.forget();
  }
}

HeldDevice* HeldDevice::of(const fault::DeviceView& view, const Profile& profile) {
  const auto known = [&] {
    HeldDevice* const end = all() + opened_devices.load(std::memory_order_acquire);
    HeldDevice* const found = std::find_if(all(), end, [&](const HeldDevice& one) { return one.view_ == &view; });
    return found == end ? nullptr : found;
  };
  if (HeldDevice* device = known(); device != nullptr) {
    return device;
  }
  const fault::TableGuard guard(opening);
  if (HeldDevice* device = known(); device != nullptr) {
    return device;
  }
  const std::size_t place = opened_devices.load(std::memory_order_relaxed);
  const std::uint64_t extents = view.size() / view.align();
  auto records = view.open_folios();
  if (place == kMost || !records) {
    return nullptr;
  }
  auto fd = fault::PrivateFds::adopt(std::move(*records));
  if (!fd) {
    return nullptr;
  }
  auto folios = mm::FolioTable::map(fd->get(), extents);
  auto holders = mm::HolderTable::open(std::move(*fd), extents);
  if (!folios || !holders) {
    return nullptr;
  }
  auto* made = new (all() + place) HeldDevice(view, profile, std::move(*folios), std::move(*holders));
  opened_devices.store(place + 1, std::memory_order_release);
  return made;
}

void HeldDevice::each_folio(std::uint64_t pgoff, std::uint64_t nr_pages,
                            FunctionRef<bool(std::uint64_t, std::uint32_t)> visit) const {
  const std::uint64_t each = 1ULL << order_;
  while (nr_pages > 0) {
    const std::uint64_t pages = std::min(each - (pgoff & (each - 1)), nr_pages);
    if (!visit(pgoff >> order_, static_cast<std::uint32_t>(pages))) {
      return;
    }
    pgoff += pages;
    nr_pages -= pages;
  }
}

Result<void> HeldDevice::ask_longterm(std::uint64_t pgoff, std::uint64_t nr_pages) const {
  const fault::FolioHooks* hooks = view_->hooks();
  if (hooks == nullptr || hooks->longterm_pin == nullptr) {
    return {};
  }
  Result<void> allowed;
  const std::uint64_t each = 1ULL << order_;
  std::uint64_t first = pgoff & (each - 1); // only the first folio may begin in its middle
  each_folio(pgoff, nr_pages, [&](std::uint64_t extent, std::uint32_t pages) {
    allowed = hooks->longterm_pin(hooks->self, *view_, ExtentIndex(extent), first, pages);
    first = 0;
    return allowed.has_value();
  });
  return allowed;
}

Result<void> HeldDevice::take(std::uint64_t pgoff, std::uint64_t nr_pages, HoldKind kind, std::uint64_t site) {
  const auto mine = holders_.mine(folios_, order_);
  if (!mine) {
    return fail(ENOMEM);
  }
  const mm::HoldStamp stamp{.tid = static_cast<std::uint32_t>(sys::gettid()),
                            .since_ns = now_ns(),
                            .site = site,
                            .longterm = kind.longterm,
                            .by = kind.by};
  Result<void> outcome;
  std::uint64_t taken = 0;
  each_folio(pgoff, nr_pages, [&](std::uint64_t extent, std::uint32_t pages) {
    mm::FolioRecord& folio = folios_[ExtentIndex(extent)];
    outcome = (folio.flags.load() & mm::kFolioHwpoison) != 0
                  ? Result<void>(fail(EFAULT)) // vm_fault_to_errno without FOLL_HWPOISON
                  : mm::take_hold(folio, (*mine)[extent], order_, {pages, kind.pin}, stamp);
    taken += outcome ? pages : 0;
    return outcome.has_value();
  });
  if (!outcome) {
    release(pgoff, taken, kind);
    return outcome;
  }
  trace_hold(trace::Kind::pin, *view_, pgoff, nr_pages, kind, site);
  return {};
}

void HeldDevice::drop(std::uint64_t pgoff, std::uint64_t nr_pages, HoldKind kind) {
  release(pgoff, nr_pages, kind);
  trace_hold(trace::Kind::unpin, *view_, pgoff, nr_pages, kind);
}

void HeldDevice::release(std::uint64_t pgoff, std::uint64_t nr_pages, HoldKind kind) {
  const auto mine = holders_.mine(folios_, order_);
  if (!mine) {
    return;
  }
  each_folio(pgoff, nr_pages, [&](std::uint64_t extent, std::uint32_t pages) {
    if (!mm::drop_hold(folios_[ExtentIndex(extent)], (*mine)[extent], order_, {pages, kind.pin}, kind.by)) {
      folios_.control().refused.fetch_add(1);
    }
    return true;
  });
}

} // namespace daxemu::preload
