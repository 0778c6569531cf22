#include "emu/gup/dma.hpp"

#include <algorithm>
#include <cstring>

#include "emu/pgmap/pgmap.hpp"

namespace daxemu::gup {
namespace {

bool covers(DmaDirection mapped, DmaDirection used) {
  return mapped == DmaDirection::bidirectional || mapped == used;
}

tl::unexpected<DmaFault> fault(int code, std::uint64_t bus_address, std::string what) {
  return tl::unexpected<DmaFault>(DmaFault{code, bus_address, std::move(what)});
}

} // namespace

Result<std::uint64_t> Iommu::map(mm::PagePtr first, std::uint64_t nr_pages, DmaDirection direction) {
  if (!mm::is_page(first) || nr_pages == 0) {
    return fail(EINVAL);
  }
  const Pfn pfn = mm::page_to_pfn(first);
  if (mode_ == Mode::identity) {
    return pfn.value() << kPageShift;
  }
  const std::lock_guard lock(mutex_);
  const std::uint64_t bus_address = next_;
  next_ += (nr_pages + 1) << kPageShift; // a page nobody may touch behind each, so that an overrun faults
  windows_[bus_address] = {pfn, nr_pages, direction};
  return bus_address;
}

Result<void> Iommu::unmap(std::uint64_t bus_address) {
  if (mode_ == Mode::identity) {
    return {};
  }
  const std::lock_guard lock(mutex_);
  return windows_.erase(bus_address) == 1 ? Result<void>() : fail(ENOENT);
}

Result<Pfn> Iommu::translate(std::uint64_t bus_address, DmaDirection used) const {
  if (mode_ == Mode::identity) {
    return Pfn(bus_address >> kPageShift);
  }
  const std::lock_guard lock(mutex_);
  auto after = windows_.upper_bound(bus_address);
  if (after == windows_.begin()) {
    return fail(EFAULT);
  }
  const auto& [start, window] = *--after;
  const std::uint64_t page = (bus_address - start) >> kPageShift;
  if (page >= window.nr_pages) {
    return fail(EFAULT);
  }
  if (!covers(window.direction, used)) {
    return fail(EACCES);
  }
  return window.first + page;
}

// The bytes from `bus_address` on, at most `size` and at most to the end of the page.
DmaResult<std::span<std::byte>> BusMaster::reach(std::uint64_t bus_address, std::uint64_t size,
                                                 DmaDirection used) const {
  const auto pfn = iommu_.translate(bus_address, used);
  if (!pfn) {
    return fault(pfn.error().value, bus_address,
                 pfn.error() == Errno{EACCES} ? "mapped for the other direction" : "the IOMMU has no such address");
  }
  const auto folio = mm::page_folio(map_, mm::pfn_to_page(*pfn));
  if (!folio) {
    return fault(EFAULT, bus_address, "no device has this page frame");
  }
  mm::DevicePages& device = folio->device();
  if (device.pgmap != nullptr && device.pgmap->state() == pgmap::State::dead) {
    return fault(ENODEV, bus_address, "the device has been unbound");
  }
  if (!folio->maybe_dma_pinned()) {
    return fault(EPERM, bus_address, "nobody has pinned extent " + std::to_string(folio->extent().value()));
  }
  if (folio->hwpoison()) {
    return fault(EIO, bus_address, "extent " + std::to_string(folio->extent().value()) + " is poisoned");
  }
  std::byte* const page = device.address_of(*device.pgoff_of(*pfn));
  if (page == nullptr) {
    return fault(ENXIO, bus_address, "the device's memory has no address here");
  }
  if (used == DmaDirection::from_device) {
    folio->record().flags.fetch_or(mm::kFolioDirty);
  }
  const std::uint64_t in = bus_address & (kPageSize - 1);
  return std::span<std::byte>(page + in, std::min(size, kPageSize - in));
}

DmaResult<void> BusMaster::read(std::uint64_t bus_address, std::span<std::byte> into) const {
  while (!into.empty()) {
    const auto bytes = reach(bus_address, into.size(), DmaDirection::to_device);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    std::memcpy(into.data(), bytes->data(), bytes->size());
    into = into.subspan(bytes->size());
    bus_address += bytes->size();
  }
  return {};
}

DmaResult<void> BusMaster::write(std::uint64_t bus_address, std::span<const std::byte> from) const {
  while (!from.empty()) {
    const auto bytes = reach(bus_address, from.size(), DmaDirection::from_device);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    std::memcpy(bytes->data(), from.data(), bytes->size());
    from = from.subspan(bytes->size());
    bus_address += bytes->size();
  }
  return {};
}

DmaResult<std::vector<std::span<std::byte>>> BusMaster::pieces(std::uint64_t bus_address, std::uint64_t size,
                                                               DmaDirection used) const {
  std::vector<std::span<std::byte>> pieces;
  while (size > 0) {
    const auto bytes = reach(bus_address, size, used);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    if (!pieces.empty() && pieces.back().data() + pieces.back().size() == bytes->data()) {
      pieces.back() = {pieces.back().data(), pieces.back().size() + bytes->size()};
    } else {
      pieces.push_back(*bytes);
    }
    bus_address += bytes->size();
    size -= bytes->size();
  }
  return pieces;
}

} // namespace daxemu::gup
