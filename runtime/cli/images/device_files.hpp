// A device's files, opened from outside of the processes that use it.
#pragma once

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cli {

struct DeviceFiles {
  UniqueFd bytes;
  mm::FolioTable folios;
};

// Errors: open(2)'s (the platform may have ended), FolioTable::open()'s.
[[nodiscard]] Result<DeviceFiles> open_device_files(const store::Store& store, const store::DeviceRecord& device);

} // namespace daxemu::cli
