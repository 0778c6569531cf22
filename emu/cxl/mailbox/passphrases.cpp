// The passphrases of a device as the mock has them (tools/testing/cxl/test/mem.c).
#include <fcntl.h>
#include <linux/falloc.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/cxl/mailbox/device.hpp"
#include "emu/cxl/mailbox/security.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint32_t kMostMisses = 3; // PASS_TRY_LIMIT

// What there is of each of the two.
struct Kept {
  Passphrase* value;
  std::uint32_t* misses;
  std::uint32_t is_set; // flags
  std::uint32_t limit;
};
Kept kept_of(CxlMemdevRecord& memdev, Whose whose) {
  store::CxlMailboxRecord& box = memdev.mailbox;
  return whose == Whose::user ? Kept{&box.user_passphrase, &box.user_misses, kUserPassphrase, kUserLimit}
                              : Kept{&box.master_passphrase, &box.master_misses, kMasterPassphrase, kMasterLimit};
}

// Has the device such commands, and does it take them now? Errors: ENXIO.
Result<void> check(const store::Store& store, const CxlMemdevRecord& memdev, std::uint32_t forbidden) {
  return !is_mock(store) || (memdev.security & (kFrozen | forbidden)) != 0 ? fail(ENXIO) : Result<void>();
}
// user_plimit_check(), master_plimit_check()
Result<void> compare(CxlMemdevRecord& memdev, const Kept& kept, const Passphrase& given) {
  if (*kept.value == given) {
    return {};
  }
  if (*kept.misses < kMostMisses && ++*kept.misses == kMostMisses) {
    memdev.security |= kept.limit;
  }
  return fail(ENXIO);
}
void forget(CxlMemdevRecord& memdev, const Kept& kept) {
  *kept.value = {};
  *kept.misses = 0;
  memdev.security &= ~kept.is_set;
}

} // namespace

Result<void> set_passphrase(const store::Store& store, CxlMemdevRecord& memdev, Whose whose, const Passphrase& old,
                            const Passphrase& fresh) {
  const Kept kept = kept_of(memdev, whose);
  if (auto may = check(store, memdev, kept.limit | (whose == Whose::master ? kUserPassphrase : 0)); !may) {
    return may;
  }
  if (auto right = compare(memdev, kept, old); !right) {
    return right;
  }
  *kept.value = fresh;
  memdev.security |= kept.is_set;
  return {};
}

Result<void> disable_passphrase(const store::Store& store, CxlMemdevRecord& memdev, Whose whose,
                                const Passphrase& given) {
  const Kept kept = kept_of(memdev, whose);
  if (auto may = check(store, memdev, kept.limit); !may || (memdev.security & kept.is_set) == 0) {
    return fail(ENXIO);
  }
  if (auto right = compare(memdev, kept, given); !right) {
    return right;
  }
  forget(memdev, kept);
  memdev.security &= whose == Whose::user ? ~kLocked : ~0U;
  return {};
}

Result<void> freeze_security(const store::Store& store, CxlMemdevRecord& memdev) {
  if (!is_mock(store)) {
    return fail(ENXIO);
  }
  memdev.security |= kFrozen;
  return {};
}

Result<void> unlock(const store::Store& store, CxlMemdevRecord& memdev, const Passphrase& given) {
  constexpr std::uint32_t kNeeded = kUserPassphrase | kLocked;
  if (auto may = check(store, memdev, kUserLimit); !may || (memdev.security & kNeeded) != kNeeded) {
    return fail(ENXIO);
  }
  const Kept kept = kept_of(memdev, Whose::user);
  if (auto right = compare(memdev, kept, given); !right) {
    return right;
  }
  *kept.misses = 0;
  memdev.security &= ~kLocked;
  return {};
}

Result<void> erase_by_passphrase(const store::Store& store, CxlMemdevRecord& memdev, Whose whose,
                                 const Passphrase& given) {
  const Kept kept = kept_of(memdev, whose);
  if (auto may = check(store, memdev, kept.limit); !may) {
    return may;
  }
  const bool is_set = (memdev.security & kept.is_set) != 0;
  if (!is_set && whose == Whose::master) {
    return fail(EINVAL);
  }
  if (is_set) {
    if (auto right = compare(memdev, kept, given); !right) {
      return right;
    }
    forget(memdev, kept_of(memdev, Whose::user)); // a master's stays
    *kept.misses = 0;
    memdev.security &= whose == Whose::master ? ~kLocked : ~0U;
  }
  if (memdev.bytes_slot == 0 || memdev.bytes_slot > store.backing_slots().size() || memdev.pmem_size == 0) {
    return {};
  }
  const auto& backing = store.backing_slots()[memdev.bytes_slot - 1].backing;
  const auto media = store.open_file(backing.location.c_str(), O_RDWR | O_CLOEXEC);
  return media ? sys::fallocate(media->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, memdev.ram_size,
                                memdev.pmem_size)
               : tl::unexpected(media.error());
}

Result<void> lock_persistent_memory(CxlMemdevRecord& memdev) {
  if ((memdev.security & kUserPassphrase) == 0) {
    return fail(ENXIO);
  }
  memdev.security = (memdev.security | kLocked) & ~(kFrozen | kUserLimit | kMasterLimit);
  return {};
}

} // namespace daxemu::cxl
