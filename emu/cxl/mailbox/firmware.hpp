// A device's firmware: which slot runs, which is to run after the next reset, and the upload of another one by
// /sys/class/firmware/memN (drivers/base/firmware_loader/sysfs_upload.c, cxl_memdev_fw_ops in core/memdev.c).
//
// Nothing runs in the background here: an upload is over when its time has come. What a device does with the bytes is
// nobody's business, so that they are counted and not kept.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

struct Firmware {
  std::uint32_t slots = 0;
  std::uint32_t active = 0; // from 1
  std::uint32_t staged = 0; // 0: none
  bool can_activate_online = false;
  std::array<std::string_view, 4> revisions{}; // empty: an empty slot
};
// `now` is CLOCK_BOOTTIME in ns, here and below.
[[nodiscard]] Firmware firmware_of(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t now);

enum class UploadStage : std::uint32_t { idle, receiving, preparing, transferring, programming }; // fw_upload_prog
enum class UploadError : std::uint32_t { none, hardware, timeout, canceled, busy, size, read_write };

// What the attributes say.
struct Upload {
  UploadStage stage = UploadStage::idle;
  std::uint64_t remaining = 0; // bytes
  UploadError error = UploadError::none;
  UploadStage failed_in = UploadStage::idle;
};
[[nodiscard]] Upload upload_of(const CxlMemdevRecord& memdev, std::uint64_t now);
[[nodiscard]] std::string_view name_of(UploadStage stage);
[[nodiscard]] std::string_view name_of(UploadError error);
// `loading` reads 1.
[[nodiscard]] inline bool is_loading(const CxlMemdevRecord& memdev) {
  return memdev.mailbox.fw_loading != 0;
}

// The following need a Change.
// `loading`: 1 begins, 0 hands over what `data` has got, all else gives it up. While an upload lasts nothing happens.
void set_loading(const store::Store& store, CxlMemdevRecord& memdev, std::string_view text, std::uint64_t now);
// A write to `data`. Errors: ENODEV (an upload lasts).
Result<void> add_firmware(CxlMemdevRecord& memdev, std::uint64_t bytes, std::uint64_t now);
// `cancel`, of a text that says yes. Errors: ENODEV (no upload; the next one is canceled all the same).
Result<void> cancel_upload(CxlMemdevRecord& memdev, std::uint64_t now);

} // namespace daxemu::cxl
