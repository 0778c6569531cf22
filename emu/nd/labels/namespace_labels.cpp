#include "emu/nd/labels/namespace_labels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

#include "emu/base/units.hpp"
#include "emu/nd/labels/label_area.hpp"

namespace daxemu::nd {
namespace {

static_assert(std::endian::native == std::endian::little, "indexes and labels are read as they lie");

// Where each word lies (struct nd_namespace_index, struct nvdimm_efi_label).
struct IndexHead {
  std::array<char, 16> signature{};
  std::array<std::uint8_t, 3> flags{};
  std::uint8_t label_size = 0; // 1: 256 bytes
  std::uint32_t sequence = 0;
  std::uint64_t own_offset = 0;
  std::uint64_t own_size = 0;
  std::uint64_t other_offset = 0;
  std::uint64_t labels_offset = 0;
  std::uint32_t slots = 0;
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(IndexHead) == 72);
struct LabelLayout {
  store::Uuid uuid{};
  std::array<char, 64> name{};
  std::uint32_t flags = 0;
  std::uint16_t nlabel = 0;
  std::uint16_t position = 0;
  std::uint64_t cookie = 0;
  std::uint64_t sector_size = 0;
  std::uint64_t dpa = 0;
  std::uint64_t rawsize = 0;
  std::uint32_t slot = 0;
  std::uint8_t align = 0;
  std::array<std::uint8_t, 3> reserved{};
  store::Uuid type{};
  store::Uuid abstraction{};
  std::array<std::uint8_t, 88> reserved2{};
  std::uint64_t checksum = 0;
};
static_assert(sizeof(LabelLayout) == 256);

constexpr std::string_view kSignature("NAMESPACE_INDEX\0", 16);
constexpr std::uint64_t kIndexAlign = 256;
constexpr std::uint64_t kLabelSize = sizeof(LabelLayout);
constexpr std::uint64_t kOldLabelSize = 128; // of version 1.1: its label ends behind the slot and its padding
static_assert(offsetof(LabelLayout, type) == kOldLabelSize);
constexpr std::uint64_t kLargestIndex = 8192; // of areas up to some 16M

// As GUIDs lie in memory: the first three numbers with their low bytes first.
constexpr store::Uuid kBtt = {0xa2, 0x63, 0xed, 0x8a, 0xa2, 0x29, 0x66, 0x4c,
                              0x8b, 0x12, 0xf0, 0x5d, 0x15, 0xd3, 0x92, 0x2a};
constexpr store::Uuid kBtt2 = {0xfc, 0x3b, 0x63, 0x18, 0x35, 0x17, 0x17, 0x42,
                               0x8a, 0xc9, 0x17, 0x23, 0x92, 0x82, 0xd3, 0xf8};
constexpr store::Uuid kPfn = {0xba, 0x00, 0x64, 0x26, 0x9f, 0xfb, 0x77, 0x46,
                              0xbc, 0xb0, 0x96, 0x8f, 0x11, 0xd0, 0xd2, 0x25};
constexpr store::Uuid kDax = {0x9c, 0x6d, 0xa8, 0x97, 0xdd, 0x3c, 0xda, 0x4e,
                              0x98, 0x6f, 0x50, 0x68, 0xb4, 0xf8, 0x00, 0x88};
struct Abstraction {
  store::NdKind kind;
  store::Uuid guid;
};
constexpr Abstraction kAbstractions[] = {
    {store::NdKind::btt, kBtt}, {store::NdKind::btt2, kBtt2}, {store::NdKind::pfn, kPfn}, {store::NdKind::dax, kDax}};

// nd_fletcher64()
std::uint64_t fletcher(const std::byte* bytes, std::size_t size) {
  std::uint32_t low = 0;
  std::uint64_t high = 0;
  for (std::size_t at = 0; at < size; at += sizeof low) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes + at, sizeof word);
    low += word;
    high += low;
  }
  return high << 32U | low;
}

// nvdimm_num_label_slots(), sizeof_namespace_index().
struct Geometry {
  std::uint32_t slots = 0; // 0: labels do not fit
  std::uint64_t index_size = 0;
  std::uint64_t label_size = kLabelSize;
};
Geometry geometry_of(const LabelArea& area, std::uint64_t label_size = kLabelSize) {
  const auto index_size = [](std::uint64_t slots) {
    return align_up(sizeof(IndexHead) + (slots + 7) / 8, kIndexAlign);
  };
  const std::uint64_t all = area.size / label_size;
  if (area.size < 2 * index_size(all)) {
    return {};
  }
  const std::uint64_t slots = (area.size - 2 * index_size(all)) / label_size;
  const std::uint64_t size = index_size(slots);
  const bool fits = slots >= 2 && 2 * size <= area.size - slots * label_size && size <= kLargestIndex;
  return fits ? Geometry{static_cast<std::uint32_t>(slots), size, label_size} : Geometry{};
}

struct Index {
  alignas(8) std::array<std::byte, kLargestIndex> bytes{};
  [[nodiscard]] IndexHead head() const {
    IndexHead head;
    std::memcpy(&head, bytes.data(), sizeof head);
    return head;
  }
  void set_head(const IndexHead& head) { std::memcpy(bytes.data(), &head, sizeof head); }
  [[nodiscard]] bool is_free(std::uint32_t slot) const {
    return (static_cast<unsigned>(bytes[sizeof(IndexHead) + slot / 8]) >> (slot % 8) & 1U) != 0;
  }
  void set_free(std::uint32_t slot, bool free) {
    std::byte& byte = bytes[sizeof(IndexHead) + slot / 8];
    const auto bit = static_cast<std::byte>(1U << (slot % 8));
    byte = free ? byte | bit : byte & ~bit;
  }
};

std::uint64_t label_size_of(const IndexHead& head) {
  return head.major > 1 || head.minor >= 2 ? kOldLabelSize << (head.label_size & 7U) : kOldLabelSize;
}

// __nd_label_validate() of one of the two.
bool read_index(const store::Store& store, const LabelArea& area, const Geometry& geometry, unsigned which,
                Index& index) {
  if (!read_labels(store, area, which * geometry.index_size, std::span(index.bytes).first(geometry.index_size))) {
    return false;
  }
  IndexHead head = index.head();
  const std::uint64_t sum = head.checksum;
  const bool fine = std::equal(kSignature.begin(), kSignature.end(), head.signature.begin()) &&
                    label_size_of(head) == geometry.label_size && (head.sequence & 3U) != 0 &&
                    head.own_offset == which * geometry.index_size &&
                    head.other_offset == (1 - which) * geometry.index_size &&
                    head.labels_offset == 2 * geometry.index_size && head.own_size <= geometry.index_size &&
                    head.own_size >= sizeof(IndexHead) && head.slots <= geometry.slots;
  head.checksum = 0;
  index.set_head(head);
  const bool sound = fine && fletcher(index.bytes.data(), geometry.index_size) == sum;
  head.checksum = sum;
  index.set_head(head);
  return sound;
}

// best_seq(): numbers go 1, 2, 3, 1; of equal ones the second counts.
bool is_later(std::uint32_t one, std::uint32_t other) {
  constexpr std::array<std::uint32_t, 4> kNext = {0, 2, 3, 1};
  return kNext[other & 3U] == (one & 3U) || (one & 3U) == (other & 3U);
}

// Of labels of this size: the index that counts, and which of the two it is. Nothing: there is none.
std::optional<unsigned> current_index_of(const store::Store& store, const LabelArea& area, const Geometry& geometry,
                                         Index& index) {
  Index other;
  const bool first = read_index(store, area, geometry, 0, index);
  const bool second = read_index(store, area, geometry, 1, other);
  if (second && (!first || is_later(other.head().sequence, index.head().sequence))) {
    index = other;
    return 1;
  }
  return first ? std::optional(0U) : std::nullopt;
}

// nd_label_validate(): of labels of either size; the geometry of a new area where there is none.
std::optional<unsigned> current_index(const store::Store& store, const LabelArea& area, Geometry& geometry,
                                      Index& index) {
  for (const std::uint64_t size : {kOldLabelSize, kLabelSize}) {
    geometry = geometry_of(area, size);
    const auto found = geometry.slots == 0 ? std::nullopt : current_index_of(store, area, geometry, index);
    if (found) {
      return found;
    }
  }
  return std::nullopt;
}

// nd_label_write_index()
Result<void> write_index(const store::Store& store, const LabelArea& area, const Geometry& geometry, unsigned which,
                         std::uint32_t sequence, Index& index) {
  IndexHead head;
  std::copy(kSignature.begin(), kSignature.end(), head.signature.begin());
  head.label_size = static_cast<std::uint8_t>(geometry.label_size >> 8U);
  head.sequence = sequence;
  head.own_offset = which * geometry.index_size;
  head.own_size = geometry.index_size;
  head.other_offset = (1 - which) * geometry.index_size;
  head.labels_offset = 2 * geometry.index_size;
  head.slots = geometry.slots;
  head.major = 1;
  head.minor = geometry.label_size == kOldLabelSize ? 1 : 2;
  index.set_head(head);
  head.checksum = fletcher(index.bytes.data(), geometry.index_size);
  index.set_head(head);
  return write_labels(store, area, head.own_offset, std::span(index.bytes).first(geometry.index_size));
}
Result<void> write_next_index(const store::Store& store, const LabelArea& area, const Geometry& geometry,
                              unsigned current, Index& index) {
  constexpr std::array<std::uint32_t, 4> kNext = {0, 2, 3, 1};
  return write_index(store, area, geometry, 1 - current, kNext[index.head().sequence & 3U], index);
}

// init_labels(): both, all slots free; the first counts.
Result<void> write_new_area(const store::Store& store, const LabelArea& area, const Geometry& geometry, Index& index) {
  index = {};
  for (std::uint32_t slot = 0; slot < geometry.slots; ++slot) {
    index.set_free(slot, true);
  }
  auto second = write_index(store, area, geometry, 1, 2, index);
  return second ? write_index(store, area, geometry, 0, 3, index) : second;
}

std::uint64_t place_of(const Geometry& geometry, std::uint32_t slot) {
  return 2 * geometry.index_size + slot * geometry.label_size;
}

std::uint64_t checksum_of(LabelLayout label) {
  label.checksum = 0;
  return fletcher(reinterpret_cast<const std::byte*>(&label), sizeof label);
}

// slot_valid()
std::optional<LabelLayout> read_label(const store::Store& store, const LabelArea& area, const Geometry& geometry,
                                      std::uint32_t slot) {
  LabelLayout label;
  const std::span bytes(reinterpret_cast<std::byte*>(&label), geometry.label_size);
  if (!read_labels(store, area, place_of(geometry, slot), bytes) || label.slot != slot ||
      (geometry.label_size == kLabelSize && label.checksum != checksum_of(label))) {
    return std::nullopt;
  }
  return label;
}

void each_slot(const store::Store& store, const LabelArea& area, const Geometry& geometry, const Index& index,
               FunctionRef<bool(const LabelLayout&)> each) {
  for (std::uint32_t slot = 0; slot < index.head().slots; ++slot) {
    const auto label = index.is_free(slot) ? std::nullopt : read_label(store, area, geometry, slot);
    if (label && !each(*label)) {
      return;
    }
  }
}

NamespaceLabel parse(const LabelLayout& layout) {
  NamespaceLabel label = {.uuid = layout.uuid,
                          .name = {},
                          .flags = layout.flags,
                          .nlabel = layout.nlabel,
                          .position = layout.position,
                          .cookie = layout.cookie,
                          .sector_size = layout.sector_size,
                          .dpa = layout.dpa,
                          .rawsize = layout.rawsize};
  label.name.assign(std::string_view(layout.name.data(), ::strnlen(layout.name.data(), layout.name.size())));
  label.holder_class = layout.abstraction == store::Uuid{} ? store::NdKind::none : store::NdKind::unknown;
  for (const Abstraction& abstraction : kAbstractions) {
    if (abstraction.guid == layout.abstraction) {
      label.holder_class = abstraction.kind;
    }
  }
  return label;
}

LabelLayout layout_of(const NamespaceLabel& label, std::uint32_t slot) {
  LabelLayout layout = {.uuid = label.uuid,
                        .flags = label.flags,
                        .nlabel = label.nlabel,
                        .position = label.position,
                        .cookie = label.cookie,
                        .sector_size = label.sector_size,
                        .dpa = label.dpa,
                        .rawsize = label.rawsize,
                        .slot = slot};
  std::copy_n(label.name.view().begin(), std::min(label.name.view().size(), layout.name.size() - 1),
              layout.name.begin());
  for (const Abstraction& abstraction : kAbstractions) {
    if (abstraction.kind == label.holder_class) {
      layout.abstraction = abstraction.guid;
    }
  }
  layout.checksum = checksum_of(layout);
  return layout;
}

} // namespace

std::uint32_t free_label_slots(const store::Store& store, const LabelArea& area) {
  Geometry geometry = geometry_of(area);
  Index index;
  if (!current_index(store, area, geometry, index)) {
    return geometry.slots;
  }
  std::uint32_t free = 0;
  for (std::uint32_t slot = 0; slot < index.head().slots; ++slot) {
    free += index.is_free(slot) ? 1 : 0;
  }
  return free;
}

void each_label(const store::Store& store, const LabelArea& area, FunctionRef<bool(const NamespaceLabel&)> each) {
  Geometry geometry;
  Index index;
  if (current_index(store, area, geometry, index)) {
    each_slot(store, area, geometry, index, [&](const LabelLayout& label) { return each(parse(label)); });
  }
}

LabelVersion version_of_labels(const store::Store& store, const LabelArea& area) {
  Geometry geometry;
  Index index;
  if (!current_index(store, area, geometry, index)) {
    return LabelVersion::none;
  }
  return geometry.label_size == kOldLabelSize ? LabelVersion::v1_1 : LabelVersion::v1_2;
}

Result<void> init_labels(const store::Store& store, const LabelArea& area, LabelVersion version) {
  if (version == LabelVersion::none) {
    return {};
  }
  const Geometry geometry = geometry_of(area, version == LabelVersion::v1_1 ? kOldLabelSize : kLabelSize);
  Index index;
  return geometry.slots == 0 ? fail(ENXIO) : write_new_area(store, area, geometry, index);
}

Result<void> put_label(const store::Store& store, const LabelArea& area, const NamespaceLabel& label) {
  Geometry geometry;
  Index index;
  auto current = current_index(store, area, geometry, index);
  if (geometry.slots == 0) {
    return fail(ENXIO);
  }
  if (!current) {
    if (auto made = write_new_area(store, area, geometry, index); !made) {
      return made;
    }
    // The number that the kernel counts on from is that of the other one until it has written once
    // (nd_label_write_index).
    IndexHead head = index.head();
    head.sequence = 2;
    index.set_head(head);
    current = 0;
  }
  std::uint32_t slot = 0;
  while (slot < index.head().slots && !index.is_free(slot)) {
    ++slot;
  }
  if (slot == index.head().slots) {
    return fail(ENXIO);
  }
  const LabelLayout layout = layout_of(label, slot);
  if (auto written = write_labels(store, area, place_of(geometry, slot),
                                  std::as_bytes(std::span(&layout, 1)).first(geometry.label_size));
      !written) {
    return written;
  }
  const Index before = index;
  each_slot(store, area, geometry, before, [&](const LabelLayout& other) {
    if (other.uuid == label.uuid) {
      index.set_free(other.slot, true);
    }
    return true;
  });
  index.set_free(slot, false);
  return write_next_index(store, area, geometry, *current, index);
}

Result<void> drop_label(const store::Store& store, const LabelArea& area, const store::Uuid& uuid) {
  Geometry geometry;
  Index index;
  const auto current = current_index(store, area, geometry, index);
  if (!current) {
    return {};
  }
  const Index before = index;
  each_slot(store, area, geometry, before, [&](const LabelLayout& other) {
    if (other.uuid == uuid) {
      index.set_free(other.slot, true);
    }
    return true;
  });
  return write_next_index(store, area, geometry, *current, index);
}

} // namespace daxemu::nd
