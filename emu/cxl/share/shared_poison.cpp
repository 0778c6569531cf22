#include "emu/cxl/share/shared_poison.hpp"

#include <cstddef>
#include <span>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/poison.hpp"

namespace daxemu::cxl {

void settle_poison(const store::Store& store) {
  if (!nd::is_shared(store)) {
    return;
  }
  std::uint64_t now = 0;
  if (const auto file = store.open_file(store.platform().share_file.c_str(), O_RDONLY | O_CLOEXEC)) {
    (void)sys::pread(file->get(), &now, sizeof now, offsetof(nd::ShareState, poisoned));
  }
  if (now == 0 || now == store.cxl().poison_seen) {
    return;
  }
  if (const auto share = nd::Share::enter(store)) {
    read_shared_poison(store, share->state());
  }
}

void read_shared_poison(const store::Store& store, const nd::ShareState& state) {
  if (state.poisoned.load() == store.cxl().poison_seen) {
    return;
  }
  for (CxlMemdevRecord& memdev : memdevs(store)) {
    if (memdev.used != 0 && memdev.share_number != 0 && memdev.share_number <= state.poison.size()) {
      const nd::SharePoison& now = state.poison[memdev.share_number - 1];
      replace_poison(store, memdev, std::span(now.entries).first(std::min<std::size_t>(now.count, now.entries.size())));
    }
  }
  store.cxl().poison_seen = state.poisoned.load();
}

void write_shared_poison(const store::Store& store, nd::ShareState& state, const CxlMemdevRecord& memdev) {
  nd::SharePoison& there = state.poison[memdev.share_number - 1];
  there.entries = memdev.poison;
  there.count = memdev.poison_count;
  store.cxl().poison_seen = state.poisoned.fetch_add(1) + 1;
}

void tell_members(const store::Store& store) {
  std::array<FixedString<128>, nd::kMaxShareMembers> others;
  {
    const auto share = nd::Share::enter(store);
    for (std::size_t at = 0; share && at < nd::kMaxShareMembers; ++at) {
      const nd::ShareMember& member = share->state().members[at];
      if (member.used != 0 && at != store.cxl().share_member) {
        others[at] = member.location;
      }
    }
  }
  for (const FixedString<128>& location : others) {
    const auto other = location.empty() ? Result<store::Store>(fail(ENOENT)) : store::Store::open(location.c_str());
    if (other && other->platform().share.view() == store.platform().share.view()) {
      (void)Change::begin(*other); // which settles
    }
  }
}

} // namespace daxemu::cxl
