// firmware/memN below a memdev: how new firmware is given to it (drivers/base/firmware_loader/sysfs_upload.c).
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

extern const Directory kCxlFirmwareUpload;

} // namespace daxemu::sysfs
