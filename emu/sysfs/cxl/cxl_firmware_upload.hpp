// firmware/memN below a memdev: how new firmware is given to it (drivers/base/firmware_loader/sysfs_upload.c), and what
// `security/sanitize` does. The commands are the device's mailbox's.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

extern const Directory kCxlFirmwareUpload;

// security_sanitize_store(). Errors: EINVAL (not a word for yes), EBUSY (a region decodes some of it), EOPNOTSUPP: the
// device has no mailbox here to be told by.
Result<void> store_sanitize(const Scope& memdev, std::string_view text);

} // namespace daxemu::sysfs
