#include "emu/cxl/mailbox/security.hpp"

#include <fcntl.h>
#include <linux/falloc.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/cxl/mailbox/device.hpp"
#include "emu/nd/share/stretches.hpp"

namespace daxemu::cxl {
namespace {

Result<void> zero_slot_file(const store::Store& store, std::uint32_t slot, std::uint64_t size) {
  if (slot == 0 || slot > store.backing_slots().size() || size == 0) {
    return {};
  }
  auto file = store.open_file(store.backing_slots()[slot - 1].backing.location.c_str(), O_RDWR | O_CLOEXEC);
  return file ? sys::fallocate(file->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size)
              : tl::unexpected(file.error());
}

} // namespace

bool is_kept_busy(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t now) {
  return is_sanitizing(memdev, now) && !is_mock(store);
}

std::string_view security_state(const CxlMemdevRecord& memdev, std::uint64_t now) {
  const std::uint32_t flags = memdev.security;
  if (is_sanitizing(memdev, now)) {
    return "sanitize";
  }
  if ((flags & kUserPassphrase) == 0) {
    return "disabled";
  }
  if ((flags & (kFrozen | kMasterLimit | kUserLimit)) != 0) {
    return "frozen";
  }
  return (flags & kLocked) != 0 ? "locked" : "unlocked";
}

Result<void> sanitize(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t now) {
  const CxlPortRecord* endpoint = port_at(store, memdev.endpoint);
  if (endpoint == nullptr || memdev.unbound != 0 || endpoint->commit_end != 0 || is_sanitizing(memdev, now)) {
    return fail(EBUSY);
  }
  if (memdev.share_number != 0 &&
      nd::is_shared_in_use(store, memdev)) { // by another host; what a device does then is its own
    return fail(EBUSY);
  }
  if ((memdev.security & kUserPassphrase) != 0) {
    return fail(EINVAL);
  }
  for (const auto& [slot, size] : {std::pair(memdev.bytes_slot, memdev.ram_size + memdev.pmem_size),
                                   std::pair(memdev.labels_slot, memdev.label_size)}) {
    if (const auto zeroed = zero_slot_file(store, slot, size); !zeroed) {
      return zeroed;
    }
  }
  constexpr std::uint64_t kMillisecond = 1'000'000;
  memdev.mailbox.sanitize_until = now + (is_mock(store) ? memdev.mailbox.sanitize_ms * kMillisecond : 0);
  ++memdev.mailbox.sanitized;
  return {};
}

} // namespace daxemu::cxl
