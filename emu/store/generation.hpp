// Platform::generation as something to wait for: who changes the configuration, or an extent's poison, announces it;
// every process that has devices mapped has a thread that waits for it and makes its mappings follow.
#pragma once

#include <cstdint>
#include <ctime>

#include "emu/store/store.hpp"

namespace daxemu::store {

// The word that is waited for.
[[nodiscard]] std::uint32_t generation_of(const Platform& platform);

// A new generation, and all who wait for one are woken. Returns it.
std::uint32_t announce(Platform& platform);

// Sleeps until the generation is another than `seen` (true), or a word of this process than `value`, or `limit` is over
// (false).
struct OtherWord {
  const std::uint32_t* word = nullptr; // none
  std::uint32_t value = 0;
  const timespec* limit = nullptr; // none
};
bool await_change(Platform& platform, std::uint32_t seen, const OtherWord& other);

// Waits until every live process that has devices mapped has followed to `generation`, as unmap_mapping_range() is done
// when it returns. Gives up on a process that is dead, or does not answer within a fifth of a second (stopped, say):
// it follows when it runs again. Call without locks that such a process may wait for.
void await_followers(const Store& store, std::uint32_t generation);

} // namespace daxemu::store
