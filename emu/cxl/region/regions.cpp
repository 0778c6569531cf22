#include "emu/cxl/region/regions.hpp"

#include <algorithm>
#include <bit>
#include <climits>
#include <optional>

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/enumeration/memregion.hpp"
#include "emu/cxl/enumeration/topology_check.hpp"
#include "emu/cxl/interleave.hpp"
#include "emu/cxl/region/region_attach.hpp"
#include "emu/cxl/region/region_driver.hpp"
#include "emu/cxl/written_name.hpp"
#include "emu/dax/memory/left_memory.hpp"
#include "emu/store/uuid_text.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::cxl {
namespace {

using trace::because;
using trace::Reason;

// sscanf(text, "region%d\n", ...): blanks before the number, a minus, and whatever follows it, are no mistake.
std::optional<std::int32_t> scan_region(std::string_view text) {
  constexpr std::string_view kPrefix = "region";
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  constexpr std::string_view kDigits = "0123456789";
  if (!text.starts_with(kPrefix)) {
    return std::nullopt;
  }
  text.remove_prefix(kPrefix.size());
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const bool is_negative = text.starts_with('-');
  text.remove_prefix(is_negative ? 1 : 0);
  const std::string_view digits = text.substr(0, text.find_first_not_of(kDigits));
  if (digits.empty()) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char digit : digits) {
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return static_cast<std::int32_t>(is_negative ? -value : value);
}

CxlRegionRecord* free_record(const store::Store& store) {
  CxlState& state = store.cxl().state;
  const auto end = state.regions.begin() + state.regions_used;
  const auto found =
      std::find_if(state.regions.begin(), end, [](const CxlRegionRecord& record) { return record.used == 0; });
  if (found == state.regions.end()) {
    return nullptr;
  }
  state.regions_used += found == end ? 1 : 0;
  *found = {};
  return &*found;
}

CxlRegionRecord* region_below(const store::Store& store, const CxlDecoderRecord& root, std::int64_t id) {
  const std::uint32_t owner = reference_of(store, root);
  for (CxlRegionRecord& region : regions(store)) {
    if (region.used != 0 && region.id == id && region.root_decoder == owner) {
      return &region;
    }
  }
  return nullptr;
}

// Addresses of the window that nobody has, the lowest (alloc_free_mem_region(), which goes in steps of 256M).
std::optional<std::uint64_t> free_addresses(const store::Store& store, const CxlRegionRecord& wanted,
                                            std::uint64_t size) {
  const CxlDecoderRecord& root = root_decoder_of(store, wanted);
  const auto is_taken = [&](std::uint64_t start) {
    return dax::overlaps_left_memory(store, start, size) ||
           std::ranges::any_of(regions(store), [&](const CxlRegionRecord& other) {
             return other.used != 0 && other.size != 0 && other.start < start + size &&
                    start < other.start + other.size;
           });
  };
  for (std::uint64_t start = root.start; size <= root.size && start - root.start <= root.size - size;
       start += kCapacityUnit) {
    if (!is_taken(start)) {
      return start;
    }
  }
  return std::nullopt;
}

bool has_settings(const CxlRegionRecord& region) {
  const bool has_uuid = std::ranges::any_of(region.uuid, [](auto byte) { return byte != decltype(byte){}; });
  return region.ways != 0 && region.granularity != 0 && (region.mode != CxlMode::pmem || has_uuid);
}

} // namespace

Result<CxlRegionRecord*> create_region(const store::Store& store, CxlDecoderRecord& root, CxlMode mode,
                                       std::string_view name) {
  const auto id = scan_region(name);
  if (!id) {
    return because(EINVAL, Reason::cxl_region_name);
  }
  if (static_cast<std::int32_t>(root.next_region) != *id) {
    return because(EBUSY, Reason::cxl_region_name);
  }
  const std::uint32_t next = next_memregion(store);
  CxlRegionRecord* region = free_record(store);
  if (region == nullptr) {
    return because(ENOMEM, Reason::store_table_full);
  }
  region->id = root.next_region;
  region->root_decoder = reference_of(store, root);
  region->mode = mode;
  region->born = ++store.cxl().state.regions_made;
  region->used = 1;
  root.next_region = next;
  return region;
}

// unregister_region(), cxl_region_release().
Result<void> delete_region(const store::Store& store, CxlDecoderRecord& root, std::string_view name) {
  const auto id = scan_region(name);
  if (!id) {
    return because(EINVAL, Reason::cxl_region_name);
  }
  CxlRegionRecord* region = region_below(store, root, *id);
  if (region == nullptr || find_on_bus(store, name).region != region) {
    return because(ENODEV, Reason::cxl_region_name);
  }
  if (auto room = make_return_room(store, region); !room) {
    return room;
  }
  release_region(store, *region);
  for (const std::uint32_t target : region->targets) {
    if (CxlDecoderRecord* endpoint = decoder_at(store, target); endpoint != nullptr) {
      detach(store, *endpoint);
    }
  }
  root.next_region = std::min(root.next_region, region->id); // the lower number is the next one's again
  *region = {};
  return {};
}

Result<void> set_uuid(const store::Store& store, CxlRegionRecord& region, const store::Uuid& uuid) {
  if (uuid == store::Uuid{}) {
    return because(EINVAL, Reason::no_uuid);
  }
  if (uuid == region.uuid) {
    return {};
  }
  const auto has_it = [&](const CxlRegionRecord& other) { return other.used != 0 && other.uuid == uuid; };
  if (region.state >= CxlRegionState::active || std::ranges::any_of(regions(store), has_it)) {
    return because(EBUSY, Reason::cxl_uuid_taken);
  }
  region.uuid = uuid;
  return {};
}

Result<void> set_ways(const store::Store& store, CxlRegionRecord& region, std::uint64_t ways) {
  const std::uint32_t above = root_decoder_of(store, region).ways;
  if (ways > UINT_MAX) {
    return because(ERANGE, Reason::no_number);
  }
  if (!is_ways(ways) || ways % above != 0 || !std::has_single_bit(ways / above)) {
    return because(EINVAL, {.reason = Reason::cxl_invalid_interleave, .a = ways});
  }
  if (region.state >= CxlRegionState::interleave_active) {
    return because(EBUSY, Reason::cxl_region_settled);
  }
  region.ways = static_cast<std::uint32_t>(ways);
  return {};
}

Result<void> set_granularity(const store::Store& store, CxlRegionRecord& region, std::uint64_t granularity) {
  const CxlDecoderRecord& root = root_decoder_of(store, region);
  if (granularity > INT_MAX) {
    return because(ERANGE, Reason::no_number);
  }
  if (!is_granularity(granularity) || (root.ways > 1 && granularity != root.granularity)) {
    return because(EINVAL, {.reason = Reason::cxl_invalid_interleave, .a = granularity});
  }
  if (region.state >= CxlRegionState::interleave_active) {
    return because(EBUSY, Reason::cxl_region_settled);
  }
  region.granularity = static_cast<std::uint32_t>(granularity);
  return {};
}

Result<void> set_size(const store::Store& store, CxlRegionRecord& region, std::uint64_t size) {
  if (size == 0) { // free_hpa()
    if (region.size != 0 && region.state >= CxlRegionState::active) {
      return because(EBUSY, Reason::cxl_region_settled);
    }
    region.state = region.size != 0 ? CxlRegionState::idle : region.state;
    region.start = 0;
    region.size = 0;
    return {};
  }
  if (region.size == size) {
    return {};
  }
  if (region.size != 0 || region.state >= CxlRegionState::interleave_active) {
    return because(EBUSY, Reason::cxl_region_settled);
  }
  if (!has_settings(region)) {
    return because(ENXIO, Reason::cxl_region_unready);
  }
  if (size % (kCapacityUnit * region.ways) != 0) {
    return because(EINVAL, {.reason = Reason::cxl_size_misaligned, .a = size, .b = region.ways});
  }
  const auto start = free_addresses(store, region, size);
  if (!start) {
    return because(ERANGE, {.reason = Reason::cxl_window_full, .a = size});
  }
  region.start = *start;
  region.size = size;
  region.state = CxlRegionState::interleave_active;
  return {};
}

} // namespace daxemu::cxl
