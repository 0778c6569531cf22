// Media errors belong to the device: all platforms that have it know them. The list of the share is the truth, that of
// a memdev is what its platform has heard of it so far.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/nd/share/share_file.hpp"

namespace daxemu::cxl {

// What other platforms have injected and cleared happens here too: at the beginning of each Change. A system call or
// two while there is nothing new.
void settle_poison(const store::Store& store);

// The others hear of it now, as far as their stores can be opened from here; else with their next change. Called when
// this platform's own Change is over: theirs is waited for.
void tell_members(const store::Store& store);

// Both lists are the same, before and after.
void read_shared_poison(const store::Store& store, const nd::ShareState& state);
void write_shared_poison(const store::Store& store, nd::ShareState& state, const CxlMemdevRecord& memdev);

// Changes the list of a memdev, for all who have it. Errors: those of `change`, and ENOMEM.
template <class Changing>
Result<void> with_shared_list(const store::Store& store, CxlMemdevRecord& memdev, Changing&& change) {
  if (memdev.share_number == 0) {
    return change();
  }
  auto share = nd::Share::enter(store);
  if (!share) {
    return fail(ENOMEM);
  }
  read_shared_poison(store, share->state());
  auto changed = change();
  if (changed) {
    write_shared_poison(store, share->state(), memdev);
  }
  return changed;
}

} // namespace daxemu::cxl
