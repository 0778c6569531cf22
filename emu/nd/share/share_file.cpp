#include "emu/nd/share/share_file.hpp"

#include <algorithm>
#include <span>

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/aside.hpp"

namespace daxemu::nd {
namespace {

constexpr std::int64_t kLockByte = 1; // the first one

// What a daxemu run that was killed had: nobody has it any more. The bytes of a stretch that was its alone stay where
// they are until somebody needs the device addresses (stretches.cpp).
void forget_dead(ShareState& state, int file) {
  for (std::size_t at = 0; at < kMaxShareMembers; ++at) {
    const ShareMember& member = state.members[at];
    if (member.used == 0 || member.is_kept != 0) {
      continue;
    }
    if (const auto is_there = FileLock::is_marked(file, share_mark(at)); is_there && !*is_there) {
      forget_member(state, at);
    }
  }
}

} // namespace

void forget_member(ShareState& state, std::size_t member) {
  for (Stretch& stretch : state.stretches) {
    stretch.members &= ~(1ULL << member);
  }
  state.members[member] = {};
}

Result<Share> Share::enter(int file) {
  auto lock = FileLock::take(file, kLockByte);
  const auto about = sys::fstat(file);
  if (!lock || !about || static_cast<std::uint64_t>(about->st_size) < sizeof(ShareState)) {
    return fail(lock && about ? EPROTO : ENOMEM);
  }
  auto mapping = sys::map_aside(file, sizeof(ShareState), PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    return fail(ENOMEM);
  }
  Share share(std::move(*mapping), std::move(*lock));
  if (share.state().magic != kShareMagic) {
    return fail(EPROTO);
  }
  forget_dead(share.state(), file);
  return share;
}

Result<Share> Share::enter(const store::Store& store) {
  if (!is_shared(store)) {
    return fail(ENOENT);
  }
  const auto file = store.open_file(store.platform().share_file.c_str(), O_RDWR | O_CLOEXEC);
  return file ? enter(file->get()) : fail(ENOMEM);
}

store::CxlMemdevRecord* memdev_of_share(const store::Store& store, std::uint32_t number) {
  store::CxlState& state = store.cxl().state;
  const std::span memdevs = std::span(state.memdevs).first(state.memdevs_used);
  if ((number & kOwnMemdev) != 0) {
    const std::uint32_t own = number & ~kOwnMemdev;
    return own == 0 || own > memdevs.size() ? nullptr : &memdevs[own - 1];
  }
  const auto found = std::ranges::find_if(memdevs, [&](const store::CxlMemdevRecord& memdev) {
    return memdev.share_number != 0 && memdev.share_number == number;
  });
  return found == memdevs.end() ? nullptr : &*found;
}

store::BackingSlot* slot_of_stretch(const store::Store& store, std::size_t stretch) {
  const std::span<store::BackingSlot> slots = store.backing_slots();
  const auto found = std::ranges::find(slots, stretch + 1, &store::BackingSlot::stretch);
  return found == slots.end() ? nullptr : &*found;
}

} // namespace daxemu::nd
