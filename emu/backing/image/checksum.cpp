#include "emu/backing/image/checksum.hpp"

#include "emu/backing/image/checksum_wide.hpp"
#include "emu/base/processor.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace daxemu::backing {
namespace {

bool is_wide() {
  return wide::is_there() && has_avx2();
}

XXH3_state_t* state_of(std::byte* bytes) {
  return reinterpret_cast<XXH3_state_t*>(bytes);
}

} // namespace

Checksum::Checksum() { // NOLINT(cppcoreguidelines-pro-type-member-init): by the reset
  static_assert(sizeof(XXH3_state_t) <= kSize && alignof(XXH3_state_t) <= kAlignment);
  XXH3_INITSTATE(state_of(state_.data()));
  XXH3_64bits_reset(state_of(state_.data()));
}

void Checksum::add(std::span<const std::byte> bytes) {
  if (is_wide()) {
    wide::add(state_.data(), bytes.data(), bytes.size());
  } else {
    XXH3_64bits_update(state_of(state_.data()), bytes.data(), bytes.size());
  }
}

std::uint64_t Checksum::value() const {
  return XXH3_64bits_digest(reinterpret_cast<const XXH3_state_t*>(state_.data()));
}

std::uint64_t Checksum::of(std::span<const std::byte> bytes) {
  return is_wide() ? wide::of(bytes.data(), bytes.size()) : XXH3_64bits(bytes.data(), bytes.size());
}

} // namespace daxemu::backing
