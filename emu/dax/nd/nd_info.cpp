#include "emu/dax/nd/nd_info.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "emu/base/units.hpp"
#include "emu/dax/nd/btt.hpp"
#include "emu/dax/nd/nd.hpp"

namespace daxemu::dax::nd {
namespace {

using store::NdInfoBlock;
using store::NdKind;
using store::NdPages;

static_assert(std::endian::native == std::endian::little, "the block is written in this order");

// Where each word lies.
struct Layout {
  std::array<char, 16> signature{};
  store::Uuid uuid{};
  store::Uuid parent{}; // of a namespace without labels: zero
  std::uint32_t flags = 0;
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::uint64_t data_offset = 0;
  std::uint64_t pages = 0;
  std::uint32_t mode = 0;
  std::uint32_t start_pad = 0;
  std::uint32_t end_trunc = 0;
  std::uint32_t align = 0;
  std::uint32_t page_size = 0;
  std::uint16_t struct_page_size = 0;
  std::array<std::uint8_t, 3994> padding{};
  std::uint64_t checksum = 0;
};
static_assert(sizeof(Layout) == kInfoSize);

// By whose it is.
constexpr std::string_view kDaxSignature("NVDIMM_DAX_INFO\0", 16);
constexpr std::string_view kPfnSignature("NVDIMM_PFN_INFO\0", 16);
constexpr std::uint16_t kStructPage = 64;

bool has_signature(const Layout& layout, std::string_view signature) {
  return std::equal(signature.begin(), signature.end(), layout.signature.begin());
}

bool is_extent(std::uint64_t bytes) {
  return bytes == kPageSize || bytes == kPmdSize || bytes == kPudSize;
}

} // namespace

std::uint64_t info_checksum(const InfoBytes& bytes) {
  std::array<std::uint32_t, kInfoSize / sizeof(std::uint32_t)> words{};
  std::memcpy(words.data(), bytes.data(), bytes.size());
  std::uint32_t low = 0;
  std::uint64_t high = 0;
  for (const std::uint32_t word : words) {
    low += word;
    high += low;
  }
  return high << 32U | low;
}

InfoBytes info_bytes(const NdInfoBlock& info, std::uint64_t data, std::uint64_t size, std::uint64_t end,
                     const store::Uuid& parent) {
  InfoBytes bytes{};
  if (info.kind != NdKind::pfn && info.kind != NdKind::dax) {
    return bytes;
  }
  Layout layout;
  const std::string_view signature = info.kind == NdKind::pfn ? kPfnSignature : kDaxSignature;
  std::copy(signature.begin(), signature.end(), layout.signature.begin());
  layout.uuid = info.uuid;
  layout.parent = parent;
  layout.major = 1;
  layout.minor = 4;
  layout.data_offset = data;
  layout.pages = (size - info.start_pad - data - end) >> kPageShift;
  layout.mode = static_cast<std::uint32_t>(info.pages);
  layout.start_pad = info.start_pad;
  layout.end_trunc = static_cast<std::uint32_t>(end);
  layout.align = info.align;
  layout.page_size = kPageSize;
  layout.struct_page_size = kStructPage;
  layout.checksum = checksum_of(layout);
  std::memcpy(bytes.data(), &layout, sizeof layout);
  return bytes;
}

NdInfoBlock parse_info(const InfoBytes& bytes, const store::Uuid& parent) {
  Layout layout;
  std::memcpy(&layout, bytes.data(), sizeof layout);
  const auto pages = static_cast<NdPages>(layout.mode);
  const NdKind kind = has_signature(layout, kDaxSignature)   ? NdKind::dax
                      : has_signature(layout, kPfnSignature) ? NdKind::pfn
                                                             : NdKind::none;
  const bool valid = kind != NdKind::none && layout.checksum == checksum_of(layout) && layout.parent == parent &&
                     (pages == NdPages::ram || pages == NdPages::pmem) && is_extent(layout.align);
  if (!valid) {
    return {};
  }
  return {.kind = kind, .pages = pages, .align = layout.align, .start_pad = layout.start_pad, .uuid = layout.uuid};
}

namespace {

// Bytes of the namespace behind its data (end_trunc).
std::uint64_t data_behind(const store::RegionRecord& space, const NdInfoBlock& info) {
  return space.size - data_begin(space, info) - data_size(space, info);
}

} // namespace

std::uint64_t info_offset(const store::RegionRecord& space) {
  return btt_offset(btt_version(space));
}

InfoBytes info_block(const store::RegionRecord& space) {
  const NdInfoBlock& info = space.nd.info;
  InfoBytes bytes{};
  if (info.kind == NdKind::btt) {
    each_btt_arena(btt_version(space), space.size, info.align, [&](const BttArena& arena) {
      bytes = arena.first == 0 ? btt_block(arena, info.uuid, space.nd.uuid) : bytes;
    });
    return bytes;
  }
  if (info.kind == NdKind::none || info.align == 0) {
    return bytes;
  }
  return info_bytes(info, data_begin(space, info) - info.start_pad, space.size, data_behind(space, info),
                    space.nd.uuid);
}

NdInfoBlock parse_info_block(const store::RegionRecord& space, const InfoBytes& bytes) {
  const NdInfoBlock btt = parse_btt_block(bytes, btt_version(space), space.size, space.nd.uuid);
  if (btt.kind != NdKind::none) {
    return btt;
  }
  NdInfoBlock info = parse_info(bytes, space.nd.uuid);
  Layout layout;
  std::memcpy(&layout, bytes.data(), sizeof layout);
  if (info.kind != NdKind::none && (layout.data_offset != data_begin(space, info) - info.start_pad ||
                                    layout.end_trunc != data_behind(space, info))) {
    info.align = 0;
  }
  return info;
}

} // namespace daxemu::dax::nd
