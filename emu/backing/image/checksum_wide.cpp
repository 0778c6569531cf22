#include "emu/backing/image/checksum_wide.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace daxemu::backing::wide {

#ifdef __AVX2__
bool is_there() {
  return true;
}
#else
bool is_there() {
  return false;
}
#endif

void add(void* state, const void* bytes, std::size_t size) {
  XXH3_64bits_update(static_cast<XXH3_state_t*>(state), bytes, size);
}

std::uint64_t of(const void* bytes, std::size_t size) {
  return XXH3_64bits(bytes, size);
}

} // namespace daxemu::backing::wide
