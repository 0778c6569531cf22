#include "runtime/preload/nodes/opened/open_texts.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "runtime/preload/ground/fd_table.hpp"

namespace daxemu::preload {
namespace {

// Nobody waits for one: who finds it taken does without.
struct Slot {
  std::atomic<bool> taken{false};
  int fd = 0; // and 1, so that none is 0
  std::array<std::byte, sizeof(OpenTexts::Text)>
      text{}; // its bytes: an empty one is not all zero, and would be in the file
};
static_assert(std::is_trivially_copyable_v<OpenTexts::Text>);
constinit std::array<Slot, 16> slots{};

Slot* take_slot(int fd) noexcept {
  Slot& slot = slots[static_cast<unsigned>(fd) % slots.size()];
  return slot.taken.exchange(true, std::memory_order_acquire) ? nullptr : &slot;
}

} // namespace

bool OpenTexts::note(int fd, const sysfs::Node& node, std::uint64_t mark, bool bare) noexcept {
  if (Slot* const slot = take_slot(fd); slot != nullptr) {
    slot->fd = fd + 1;
    const Text text = {.mark = mark, .node = node};
    std::memcpy(slot->text.data(), &text, sizeof text);
    slot->taken.store(false, std::memory_order_release);
    FdTable::set_noted(fd, bare);
  }
  return FdTable::is_noted(fd);
}

bool OpenTexts::take(int fd, Text& into) noexcept {
  Slot* const slot = FdTable::is_noted(fd) ? take_slot(fd) : nullptr;
  if (slot == nullptr) {
    return false;
  }
  const bool known = slot->fd == fd + 1;
  if (known) {
    std::memcpy(&into, slot->text.data(), sizeof into);
    slot->fd = 0;
  }
  slot->taken.store(false, std::memory_order_release);
  return known;
}

} // namespace daxemu::preload
