// security/ of memN: what the device's security state is, and its sanitization (cxl_mem_sanitize()); and the
// passphrases of its persistent memory, which `security` of nmemN sets (drivers/cxl/security.c). The mock of the
// kernel's cxl_test has passphrases; QEMU's device has none of these commands.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// `now` is CLOCK_BOOTTIME in ns.
[[nodiscard]] inline bool is_sanitizing(const CxlMemdevRecord& memdev, std::uint64_t now) {
  return now < memdev.mailbox.sanitize_until;
}
// Does the mailbox refuse other commands meanwhile (cxl_pci_mbox_send())? The mock's takes them.
[[nodiscard]] bool is_kept_busy(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t now);
// How many sanitizations have ended: at each end the kernel tells those who wait of security/state.
[[nodiscard]] inline std::uint64_t sanitizations_ended(const CxlMemdevRecord& memdev, std::uint64_t now) {
  return memdev.mailbox.sanitized - (is_sanitizing(memdev, now) ? 1 : 0);
}
// security_state_show(), without the newline.
[[nodiscard]] std::string_view security_state(const CxlMemdevRecord& memdev, std::uint64_t now);

// security_sanitize_store() of a text that says yes: media and labels are zero. The mock takes its time, as long as
// `sanitize_timeout` says; QEMU's device would take seconds for a gigabyte, and here it is over at once. The caller
// holds a Change. Errors: EBUSY (memN is not bound, a decoder of it is committed, or one is under way), EINVAL (a
// passphrase is set), those of writing to the files.
Result<void> sanitize(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t now);

// Flags of Get Security State (CXL_PMEM_SEC_STATE_*).
inline constexpr std::uint32_t kUserPassphrase = 1U << 0;
inline constexpr std::uint32_t kMasterPassphrase = 1U << 1;
inline constexpr std::uint32_t kLocked = 1U << 2;
inline constexpr std::uint32_t kFrozen = 1U << 3;
inline constexpr std::uint32_t kUserLimit = 1U << 4;
inline constexpr std::uint32_t kMasterLimit = 1U << 5;

using Passphrase = std::array<std::uint8_t, 32>;
enum class Whose : std::uint8_t { user, master };

// Commands of the device. The caller holds a Change. Errors: ENXIO (the device's word: not now, the wrong passphrase,
// too often a wrong one, or no such command), EINVAL (erase by a master passphrase that is not set). After three wrong
// ones of a kind the device takes no more.
Result<void> set_passphrase(const store::Store& store, CxlMemdevRecord& memdev, Whose whose, const Passphrase& old,
                            const Passphrase& fresh);
Result<void> disable_passphrase(const store::Store& store, CxlMemdevRecord& memdev, Whose whose,
                                const Passphrase& given);
Result<void> freeze_security(const store::Store& store, CxlMemdevRecord& memdev);
Result<void> unlock(const store::Store& store, CxlMemdevRecord& memdev, const Passphrase& given);
// Its persistent memory is zero, as by new keys that nothing was encrypted with.
Result<void> erase_by_passphrase(const store::Store& store, CxlMemdevRecord& memdev, Whose whose,
                                 const Passphrase& given);
// The mock's security_lock: as after a loss of power. Errors: ENXIO (no passphrase is set).
Result<void> lock_persistent_memory(CxlMemdevRecord& memdev);

} // namespace daxemu::cxl
