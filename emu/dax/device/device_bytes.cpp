#include "emu/dax/device/device_bytes.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/device/device_node.hpp"
#include "emu/mm/folio_table.hpp"

namespace daxemu::dax {
namespace {

using store::BackingKind;
using store::BackingRecord;
using store::BackingSlot;
using store::DeviceRecord;

Result<UniqueFd> open_file(const store::Store& store, const FixedString<128>& location) {
  return store.open_file(location.c_str(), O_RDWR | O_CLOEXEC);
}

// Extents larger than the file's pages would have to be put together from several, smaller ones cannot be told apart.
bool suits(const BackingRecord& backing, std::uint64_t align) {
  return backing.kind == BackingKind::hugetlb ? backing.page_size == align : backing.kind != BackingKind::none;
}

// Gives the file `size` bytes. Mapping a hugetlb file reserves its pages (hugetlb_reserve_pages).
Result<void> size_file(const store::Store& store, const BackingRecord& backing, std::uint64_t old_size,
                       std::uint64_t size) {
  auto fd = open_file(store, backing.location);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  if (auto sized = sys::ftruncate(fd->get(), size); !sized) {
    return sized;
  }
  if (backing.kind == BackingKind::hugetlb && size > old_size) {
    if (auto reserved = Mapping::of(fd->get(), size, PROT_READ | PROT_WRITE, MAP_SHARED); !reserved) {
      (void)sys::ftruncate(fd->get(), old_size);
      return fail(ENOMEM);
    }
  }
  return {};
}

// An extent's record is all zero until somebody touches it. The file never shrinks: processes may have it mapped.
Result<void> reset_folios(const store::Store& store, const FixedString<128>& location, std::uint64_t extents) {
  auto fd = open_file(store, location);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  auto st = sys::fstat(fd->get());
  if (!st) {
    return tl::unexpected(st.error());
  }
  const std::uint64_t length = std::max(mm::FolioTable::file_size(extents), static_cast<std::uint64_t>(st->st_size));
  if (auto emptied =
          sys::fallocate(fd->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, std::max(length, kPageSize));
      !emptied) {
    return emptied;
  }
  return sys::ftruncate(fd->get(), length);
}
Result<void> extend_folios(const store::Store& store, const FixedString<128>& location, std::uint64_t extents) {
  auto fd = open_file(store, location);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  auto st = sys::fstat(fd->get());
  if (!st) {
    return tl::unexpected(st.error());
  }
  const std::uint64_t length = mm::FolioTable::file_size(extents);
  return static_cast<std::uint64_t>(st->st_size) < length ? sys::ftruncate(fd->get(), length) : Result<void>();
}

std::uint32_t index_of(const store::Store& store, const DeviceRecord& device) {
  return static_cast<std::uint32_t>(&device - store.device_table().data());
}

void release_slot(const store::Store& store, std::uint32_t number) {
  if (number == 0 || number > store.backing_slots().size()) {
    return;
  }
  BackingSlot& slot = store.backing_slots()[number - 1];
  if (slot.stretch == 0) { // else others may have it
    (void)size_file(store, slot.backing, 0, 0);
  }
  slot.owner.store(0, std::memory_order_release);
}

// A free slot of this kind whose file could be given `size` bytes; 0: none.
std::uint32_t take_slot(const store::Store& store, const DeviceRecord& device, BackingKind kind, std::uint64_t size) {
  const std::span<BackingSlot> slots = store.backing_slots();
  std::uint32_t best = 0;
  for (std::uint32_t at = 0; at < slots.size(); ++at) {
    const BackingSlot& slot = slots[at];
    if (slot.owner.load() == 0 && slot.stretch == 0 && slot.backing.kind == kind && suits(slot.backing, device.align) &&
        (best == 0 || slot.uses < slots[best - 1].uses)) {
      best = at + 1;
    }
  }
  if (best == 0) {
    return 0;
  }
  BackingSlot& slot = slots[best - 1];
  (void)size_file(store, slot.backing, 0, 0); // whoever had it may have died before emptying it
  if (!size_file(store, slot.backing, 0, size) || !reset_folios(store, slot.folios_location, size / device.align)) {
    (void)size_file(store, slot.backing, 0, 0);
    return 0;
  }
  ++slot.uses;
  slot.owner.store(index_of(store, device) + 1, std::memory_order_release);
  return best;
}

// The kinds to try, in order: hugetlb keeps its promise of whole extents, shmem holds extents of any size.
std::uint32_t take_slot(const store::Store& store, const DeviceRecord& device, std::uint64_t size) {
  const BackingKind wanted = store.platform().backing_wanted;
  if (wanted != BackingKind::shmem) {
    if (const std::uint32_t slot = take_slot(store, device, BackingKind::hugetlb, size); slot != 0) {
      return slot;
    }
    if (wanted == BackingKind::hugetlb && device.align != kPageSize) {
      return 0; // asked for huge pages and nothing else
    }
  }
  return take_slot(store, device, BackingKind::shmem, size);
}

bool is_zero(std::span<const char> bytes) {
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// Copies what is not zero, so that untouched extents stay untouched.
Result<void> copy_bytes(const store::Store& store, const BackingRecord& from, const BackingRecord& to,
                        std::uint64_t size) {
  auto source = open_file(store, from.location);
  auto target = open_file(store, to.location);
  if (!source || !target) {
    return fail(ENOMEM);
  }
  // hugetlbfs cannot be written to, only mapped.
  const std::uint64_t window = std::max(from.page_size, to.page_size);
  char buffer[16 * 1024];
  for (std::uint64_t base = 0; base < size; base += window) {
    Mapping mapped;
    for (std::uint64_t at = base; at < std::min(base + window, size); at += sizeof(buffer)) {
      const std::size_t wanted = std::min<std::uint64_t>(sizeof(buffer), size - at);
      const auto got = sys::pread(source->get(), buffer, wanted, at);
      if (!got || *got != wanted) {
        return fail(EIO);
      }
      if (is_zero({buffer, wanted})) {
        continue;
      }
      if (!mapped) {
        auto fresh =
            Mapping::of(target->get(), std::min(window, size - base), PROT_READ | PROT_WRITE, MAP_SHARED, base);
        if (!fresh) {
          return fail(ENOMEM);
        }
        mapped = std::move(*fresh);
      }
      std::memcpy(mapped.bytes().data() + (at - base), buffer, wanted);
    }
  }
  return {};
}

void adopt(const store::Store& store, DeviceRecord& device, std::uint32_t number) {
  const BackingSlot& slot = store.backing_slots()[number - 1];
  device.backing = slot.backing;
  device.folios_location = slot.folios_location;
  device.slot = number;
}

// Moves the device to another file with room for `size` bytes.
Result<void> move_bytes(const store::Store& store, DeviceRecord& device, std::uint64_t size) {
  const std::uint32_t fresh = take_slot(store, device, size);
  if (fresh == 0) {
    return fail(ENOMEM);
  }
  const std::uint64_t used = std::min(device.size.load(), size);
  if (used > 0 && device.backing.kind != BackingKind::none) {
    if (auto copied = copy_bytes(store, device.backing, store.backing_slots()[fresh - 1].backing, used); !copied) {
      release_slot(store, fresh);
      return copied;
    }
  }
  const std::uint32_t old = device.slot;
  adopt(store, device, fresh);
  release_slot(store, old);
  return {};
}

bool has_stretch(const store::Store& store, const DeviceRecord& device) {
  return device.slot != 0 && device.slot <= store.backing_slots().size() &&
         store.backing_slots()[device.slot - 1].stretch != 0;
}

} // namespace

Result<void> reserve_bytes(const store::Store& store, DeviceRecord& device, std::uint64_t size) {
  take_node(store, device);
  if (!suits(device.backing, device.align)) {
    return move_bytes(store, device, size);
  }
  if (auto sized = size_file(store, device.backing, device.size.load(), size); !sized) {
    return move_bytes(store, device, size); // no huge pages left: small ones may do
  }
  return extend_folios(store, device.folios_location, size / device.align);
}

void trim_bytes(const store::Store& store, DeviceRecord& device) {
  const std::uint64_t size = device.size.load();
  if (device.backing.kind == BackingKind::none) {
    return;
  }
  if (size > 0 && has_stretch(store, device)) {
    return; // as long as whoever shares it wants
  }
  if (size > 0) {
    (void)size_file(store, device.backing, size, size);
    return;
  }
  const std::uint32_t slot = std::exchange(device.slot, 0);
  device.image = {};
  device.backing = {};
  device.folios_location = {};
  release_slot(store, slot);
}

Result<void> adapt_bytes(const store::Store& store, DeviceRecord& device) {
  const std::uint64_t size = device.size.load();
  if (size == 0 || device.backing.kind == BackingKind::none) {
    return {};
  }
  if (!suits(device.backing, device.align)) {
    return move_bytes(store, device, size);
  }
  return reset_folios(store, device.folios_location, size / device.align); // one record per extent of the new size
}

Result<void> renew_bytes(const store::Store& store, DeviceRecord& device) {
  const std::uint32_t slot = std::exchange(device.slot, 0);
  device.image = {};
  device.backing = {};
  device.folios_location = {};
  release_slot(store, slot);
  return device.size.load() == 0 ? Result<void>() : reserve_bytes(store, device, device.size.load());
}

Result<void> take_stretch_file(const store::Store& store, DeviceRecord& device, BackingSlot& slot) {
  if (auto reset = reset_folios(store, slot.folios_location, device.size.load() / device.align); !reset) {
    return fail(ENOMEM);
  }
  const std::uint32_t old = device.slot;
  slot.owner.store(index_of(store, device) + 1, std::memory_order_release);
  adopt(store, device, static_cast<std::uint32_t>(&slot - store.backing_slots().data()) + 1);
  release_slot(store, old);
  return {};
}

void repair_bytes(const store::Store& store, DeviceRecord& device) {
  if (device.slot != 0 && device.slot <= store.backing_slots().size()) {
    adopt(store, device, device.slot); // its file's description may be a mixture of two
  } else if (device.nr_ranges == 0) {
    device.backing = {};
    device.folios_location = {};
    device.image = {};
  }
  trim_bytes(store, device);
}

void free_lost_files(const store::Store& store) {
  const std::span<BackingSlot> slots = store.backing_slots();
  for (std::uint32_t at = 0; at < slots.size(); ++at) {
    const std::uint32_t owner = slots[at].owner.load();
    if (owner == 0 || owner > store.device_table().size()) {
      continue;
    }
    const DeviceRecord& device = store.device_table()[owner - 1];
    if ((device.state.load() == store::DeviceState::absent && device.kept == 0) || device.slot != at + 1) {
      release_slot(store, at + 1);
    }
  }
}

} // namespace daxemu::dax
