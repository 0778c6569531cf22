#include "emu/dax/nd/nd_info.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "emu/base/units.hpp"

namespace daxemu::dax::nd {
namespace {

using store::NdInfoBlock;
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

constexpr std::string_view kSignature("NVDIMM_DAX_INFO\0", 16);
constexpr std::uint16_t kStructPage = 64;

// nd_fletcher64() of the block with a checksum of zero.
std::uint64_t checksum_of(Layout layout) {
  layout.checksum = 0;
  std::array<std::uint32_t, kInfoSize / sizeof(std::uint32_t)> words{};
  std::memcpy(words.data(), &layout, sizeof layout);
  std::uint32_t low = 0;
  std::uint64_t high = 0;
  for (const std::uint32_t word : words) {
    low += word;
    high += low;
  }
  return high << 32U | low;
}

bool is_extent(std::uint64_t bytes) {
  return bytes == kPageSize || bytes == kPmdSize || bytes == kPudSize;
}

} // namespace

InfoBytes info_bytes(const NdInfoBlock& info, std::uint64_t data, std::uint64_t size, std::uint64_t end,
                     const store::Uuid& parent) {
  InfoBytes bytes{};
  if (info.present == 0) {
    return bytes;
  }
  Layout layout;
  std::copy(kSignature.begin(), kSignature.end(), layout.signature.begin());
  layout.uuid = info.uuid;
  layout.parent = parent;
  layout.major = 1;
  layout.minor = 4;
  layout.data_offset = data;
  layout.pages = (size - data - end) >> kPageShift;
  layout.mode = static_cast<std::uint32_t>(info.pages);
  layout.end_trunc = static_cast<std::uint32_t>(end);
  layout.align = static_cast<std::uint32_t>(info.align);
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
  const bool valid = std::equal(kSignature.begin(), kSignature.end(), layout.signature.begin()) &&
                     layout.checksum == checksum_of(layout) && layout.parent == parent &&
                     (pages == NdPages::ram || pages == NdPages::pmem) && is_extent(layout.align);
  if (!valid) {
    return {};
  }
  return {.present = 1, .pages = pages, .align = layout.align, .uuid = layout.uuid};
}

} // namespace daxemu::dax::nd
