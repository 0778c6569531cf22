#include "runtime/cli/images/device_files.hpp"

#include <fcntl.h>

#include "emu/dax/device/extents.hpp"

namespace daxemu::cli {

Result<DeviceFiles> open_device_files(const store::Store& store, const store::DeviceRecord& device) {
  auto bytes = store.open_file(device.backing.location.c_str(), O_RDWR | O_CLOEXEC);
  auto folios = mm::FolioTable::open(device.folios_location.c_str(), dax::extent_count(device));
  if (!bytes || !folios) {
    return tl::unexpected(bytes ? folios.error() : bytes.error());
  }
  return DeviceFiles{std::move(*bytes), std::move(*folios)};
}

} // namespace daxemu::cli
