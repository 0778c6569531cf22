// XXH3 in code for processors with AVX2: a source that is compiled for them, and so calls nothing but itself.
#pragma once

#include <cstddef>
#include <cstdint>

namespace daxemu::backing::wide {

// Was it compiled for them?
[[nodiscard]] bool is_there();
void add(void* state, const void* bytes, std::size_t size); // `state`: an XXH3_state_t
[[nodiscard]] std::uint64_t of(const void* bytes, std::size_t size);

} // namespace daxemu::backing::wide
