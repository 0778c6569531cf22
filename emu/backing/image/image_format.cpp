#include "emu/backing/image/image_format.hpp"

#include <bit>
#include <cstddef>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace daxemu::backing::image {

std::uint64_t checksum_of(const Header& header) {
  return XXH3_64bits(&header, offsetof(Header, checksum));
}

std::uint64_t checksum_of(const Entry& entry, ExtentIndex extent, const Header& header) {
  const std::uint64_t words[] = {entry.generation, entry.data_checksum, entry.zero,
                                 extent.value(),   header.identity[0],  header.identity[1]};
  return XXH3_64bits(words, sizeof words);
}

Result<void> check(const Header& header, std::uint64_t actual_size) {
  if (header.magic != kMagic) {
    return fail(EPROTO);
  }
  if (header.version != kVersion) {
    return fail(ENOTSUP);
  }
  if (header.checksum != checksum_of(header)) {
    return fail(EPROTO);
  }
  constexpr std::uint64_t kLargest = 1ULL << 50; // beyond it the arithmetic of Layout could wrap
  if (!std::has_single_bit(header.extent_size) || header.extent_size < kPageSize || header.extent_size > kPudSize ||
      header.size == 0 || header.size > kLargest || !is_aligned(header.size, header.extent_size)) {
    return fail(EINVAL);
  }
  if (actual_size < Layout(header).file_size()) {
    return fail(EIO);
  }
  return {};
}

} // namespace daxemu::backing::image
