#include "emu/cxl/poison.hpp"

#include <algorithm>
#include <optional>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/cxl/share/shared_poison.hpp"
#include "emu/cxl/translate.hpp"
#include "emu/nd/media/media_errors.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kUnit = 64; // bytes: what poison is counted in
constexpr std::uint32_t kInjected = 3;

Result<void> check_address(const CxlMemdevRecord& memdev, std::uint64_t dpa) {
  return dpa < memdev.ram_size + memdev.pmem_size && is_aligned(dpa, kUnit) ? Result<void>{} : fail(EINVAL);
}

// The list's entries from the first that ends behind `dpa` on.
CxlPoisonRecord* entry_at(CxlMemdevRecord& memdev, std::uint64_t dpa) {
  CxlPoisonRecord* entry = memdev.poison.data();
  CxlPoisonRecord* end = entry + memdev.poison_count;
  return std::find_if(entry, end, [&](const CxlPoisonRecord& one) { return dpa < one.start + one.length; });
}

void insert(CxlMemdevRecord& memdev, CxlPoisonRecord* place, const CxlPoisonRecord& entry) {
  CxlPoisonRecord* end = memdev.poison.data() + memdev.poison_count;
  std::move_backward(place, end, end + 1);
  *place = entry;
  ++memdev.poison_count;
}

void erase(CxlMemdevRecord& memdev, CxlPoisonRecord* entry) {
  CxlPoisonRecord* end = memdev.poison.data() + memdev.poison_count;
  std::move(entry + 1, end, entry);
  *(end - 1) = {};
  --memdev.poison_count;
}

// Takes 64 bytes out of an entry: what is before and behind them stays, as far as the list has room.
void cut(CxlMemdevRecord& memdev, CxlPoisonRecord* entry, std::uint64_t dpa) {
  const CxlPoisonRecord whole = *entry;
  const CxlPoisonRecord before{whole.start, dpa - whole.start, whole.source};
  const CxlPoisonRecord behind{dpa + kUnit, whole.start + whole.length - dpa - kUnit, whole.source};
  erase(memdev, entry);
  if (behind.length != 0) {
    insert(memdev, entry, behind);
  }
  if (before.length != 0 && memdev.poison_count < store::kMaxCxlPoison) {
    insert(memdev, entry, before);
  }
}

// Byte `offset` of a device's file.
struct Place {
  store::DeviceRecord* device = nullptr;
  std::uint64_t offset = 0;
};

// The device of a region that has the byte of the memdev. Nothing: no region decodes it, or none of its devices has it.
std::optional<Place> place_of(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t dpa) {
  const auto found = to_region(store, memdev, dpa);
  if (!found) {
    return std::nullopt;
  }
  for (store::DeviceRecord& device : store.devices()) {
    if (device.state.load() == store::DeviceState::absent ||
        region_behind(store, store.region_of(device)) != found->region) {
      continue;
    }
    if (const auto offset = nd::offset_in(device, found->region->start + found->offset);
        offset && device.has_media != 0) {
      return Place{&device, *offset};
    }
  }
  return std::nullopt;
}

// In the file of the memdev, where no device has the bytes.
Result<void> zero_in_memdev(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t dpa) {
  if (memdev.bytes_slot == 0 || memdev.bytes_slot > store.backing_slots().size()) {
    return {};
  }
  const auto file =
      store.open_file(store.backing_slots()[memdev.bytes_slot - 1].backing.location.c_str(), O_RDWR | O_CLOEXEC);
  if (!file) {
    return fail(file.error().value);
  }
  std::array<std::byte, kUnit> bytes{};
  const auto read = sys::pread(file->get(), bytes.data(), bytes.size(), dpa);
  if (!read || std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{}; })) {
    return {}; // a hole stays one
  }
  bytes = {};
  const auto written = sys::pwrite(file->get(), bytes.data(), bytes.size(), dpa);
  return written ? Result<void>{} : fail(written.error().value);
}

// As the device alone does it.
Result<void> inject(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t dpa) {
  if (auto fine = check_address(memdev, dpa); !fine) {
    return fine;
  }
  CxlPoisonRecord* entry = entry_at(memdev, dpa);
  const bool is_listed = entry != memdev.poison.data() + memdev.poison_count && entry->start <= dpa;
  if (is_listed) {
    return {};
  }
  if (memdev.poison_count == store::kMaxCxlPoison) {
    return fail(EBUSY);
  }
  insert(memdev, entry, {dpa, kUnit, kInjected});
  if (const auto place = place_of(store, memdev, dpa)) {
    nd::poison_byte(*place->device, place->offset);
  }
  return {};
}

Result<void> clear(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t dpa) {
  if (auto fine = check_address(memdev, dpa); !fine) {
    return fine;
  }
  const auto place = place_of(store, memdev, dpa);
  if (auto zeroed =
          place ? nd::zero_bytes(store, *place->device, place->offset, kUnit) : zero_in_memdev(store, memdev, dpa);
      !zeroed) {
    return zeroed;
  }
  CxlPoisonRecord* entry = entry_at(memdev, dpa);
  if (entry == memdev.poison.data() + memdev.poison_count || entry->start > dpa) {
    return {};
  }
  cut(memdev, entry, dpa);
  if (place) {
    nd::heal_byte(store, *place->device, place->offset);
  }
  return {};
}

// Calls for each 64 bytes of `entries` that `others` do not have.
template <class Each>
void each_missing(std::span<const CxlPoisonRecord> entries, std::span<const CxlPoisonRecord> others, Each&& each) {
  for (const CxlPoisonRecord& entry : entries) {
    for (std::uint64_t dpa = entry.start; dpa < entry.start + entry.length; dpa += kUnit) {
      if (std::ranges::none_of(others, [&](const CxlPoisonRecord& other) {
            return other.start <= dpa && dpa < other.start + other.length;
          })) {
        each(dpa);
      }
    }
  }
}

} // namespace

Result<void> inject_poison(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t dpa) {
  return with_shared_list(store, memdev, [&] { return inject(store, memdev, dpa); });
}

Result<void> clear_poison(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t dpa) {
  return with_shared_list(store, memdev, [&] { return clear(store, memdev, dpa); });
}

void replace_poison(const store::Store& store, CxlMemdevRecord& memdev, std::span<const CxlPoisonRecord> entries) {
  const std::array<CxlPoisonRecord, store::kMaxCxlPoison> list = memdev.poison;
  const std::span before = std::span(list).first(std::min<std::size_t>(memdev.poison_count, list.size()));
  memdev.poison = {};
  std::ranges::copy(entries, memdev.poison.begin());
  memdev.poison_count = static_cast<std::uint32_t>(entries.size());
  each_missing(entries, before, [&](std::uint64_t dpa) {
    if (const auto place = place_of(store, memdev, dpa)) {
      nd::poison_byte(*place->device, place->offset);
    }
  });
  each_missing(before, entries, [&](std::uint64_t dpa) {
    if (const auto place = place_of(store, memdev, dpa);
        place && nd::zero_bytes(store, *place->device, place->offset, kUnit)) {
      nd::heal_byte(store, *place->device, place->offset);
    }
  });
}

} // namespace daxemu::cxl
