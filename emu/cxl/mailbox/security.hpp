// security/ of memN: what the device's security state is, and its sanitization (cxl_mem_sanitize()).
#pragma once

#include <cstdint>
#include <string_view>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// `now` is CLOCK_BOOTTIME in ns.
[[nodiscard]] inline bool is_sanitizing(const CxlMemdevRecord& memdev, std::uint64_t now) {
  return now < memdev.mailbox.sanitize_until;
}
// security_state_show(), without the newline.
[[nodiscard]] std::string_view security_state(const CxlMemdevRecord& memdev, std::uint64_t now);

// security_sanitize_store() of a text that says yes: media and labels are zero. QEMU's device takes its time, as long
// as it has memory; until then the kernel sends it nothing else. The caller holds a Change. Errors: EBUSY (memN is not
// bound, a decoder of it is committed, or one is under way), EINVAL (a passphrase is set), those of writing to the
// files.
Result<void> sanitize(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t now);

} // namespace daxemu::cxl
