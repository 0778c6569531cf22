// `security` and `frozen` of nmemN: the passphrases of a memdev's persistent memory (drivers/nvdimm/security.c).
#pragma once

#include <string_view>

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

Result<void> show_dimm_security(const Scope& scope, Text& out);
Result<void> show_dimm_frozen(const Scope& scope, Text& out);
// nvdimm_security_store(): "update OLD NEW", "disable KEY", ..., of keys of the process that writes. Errors: EINVAL (no
// such command, no number), ENOKEY, EIO (frozen), EBUSY (a region has it), EOPNOTSUPP, those of the device.
Result<void> store_dimm_security(const Scope& scope, std::string_view text);

// nvdimm takes the DIMM: its key, if the process that has it taken has one, unlocks it or shows that it is the right
// one (nvdimm_security_unlock(), whose error nobody hears). The caller holds a Change.
void unlock_dimm(const store::Store& store, store::CxlMemdevRecord& memdev);

} // namespace daxemu::sysfs
