#include "emu/cxl/mailbox/firmware.hpp"

#include <algorithm>

#include "emu/cxl/mailbox/device.hpp"
#include "emu/cxl/mailbox/security.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kTransferHeader = 128; // bytes of a Transfer FW before its data
constexpr std::uint64_t kPieceTime =
    2'000'000ULL; // ns that a device has a piece for: the mock's, QEMU's has it for 2 s

struct FirmwareModel {
  std::uint32_t slots;
  std::uint32_t first_active;
  bool can_activate_online;
  std::array<std::string_view, 4> revisions;
  std::uint32_t filled; // slots with a package from the factory: a bit each
};
constexpr FirmwareModel kType3Firmware = {2, 1, true, {"BWFW VERSION 0", "BWFW VERSION 1", "", ""}, 0b01};
constexpr FirmwareModel kMockFirmware = {
    3, 2, false, {"cxl_test_fw_001", "cxl_test_fw_002", "cxl_test_fw_003", ""}, 0b111};

const FirmwareModel& model_of(const store::Store& store) {
  return is_mock(store) ? kMockFirmware : kType3Firmware;
}

// The slot that the kernel fills: the one behind the active one (cxl_fw_write()).
std::uint32_t next_slot(const FirmwareModel& model) {
  return model.first_active % model.slots + 1;
}

std::uint64_t piece_of(const CxlMemdevRecord& memdev) {
  return std::max<std::uint64_t>(memdev.payload_max, kTransferHeader * 2) - kTransferHeader;
}

std::uint64_t count_pieces(const CxlMemdevRecord& memdev, std::uint64_t bytes) {
  const std::uint64_t piece = piece_of(memdev);
  return (bytes + piece - 1) / piece;
}

// Is the upload over, and was it not canceled?
bool has_come_through(const CxlMemdevRecord& memdev, std::uint64_t now) {
  const store::CxlMailboxRecord& mailbox = memdev.mailbox;
  return mailbox.upload_started != 0 && upload_of(memdev, now).stage == UploadStage::idle &&
         upload_of(memdev, now).error == UploadError::none;
}

// Writes down how the last upload ended, once it has.
void settle_upload(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t now) {
  store::CxlMailboxRecord& mailbox = memdev.mailbox;
  const Upload upload = upload_of(memdev, now);
  if (mailbox.upload_started == 0 || upload.stage != UploadStage::idle) {
    return;
  }
  if (upload.error == UploadError::none) {
    mailbox.fw_staged = next_slot(model_of(store));
    mailbox.fw_filled |= 1U << (mailbox.fw_staged - 1);
  }
  mailbox.upload_bytes = upload.remaining;
  mailbox.upload_error = static_cast<std::uint32_t>(upload.error);
  mailbox.upload_error_at = static_cast<std::uint32_t>(upload.failed_in);
  if (upload.error == UploadError::canceled) {
    mailbox.upload_canceled = 0; // heard
  }
  mailbox.upload_started = 0;
  mailbox.fw_bytes = 0;
}

// simple_strtol() in base 10: what is no digit ends it.
long number_in(std::string_view text) {
  constexpr long kMost = 1'000'000;
  const bool negative = text.starts_with('-');
  long value = 0;
  for (const char digit : text.substr(negative ? 1 : 0)) {
    if (digit < '0' || digit > '9' || value > kMost) {
      break;
    }
    value = value * 10 + (digit - '0');
  }
  return negative ? -value : value;
}

// fw_upload_start(). The device that is being sanitized answers nothing, Get FW Info not either (cxl_fw_prepare()).
void start_upload(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t now) {
  store::CxlMailboxRecord& mailbox = memdev.mailbox;
  mailbox.upload_bytes = mailbox.fw_bytes;
  mailbox.upload_error = 0;
  mailbox.fw_bytes = 0;
  const bool busy = is_kept_busy(store, memdev, now);
  if (busy || mailbox.upload_canceled != 0) {
    mailbox.upload_error = static_cast<std::uint32_t>(busy ? UploadError::hardware : UploadError::canceled);
    mailbox.upload_error_at = static_cast<std::uint32_t>(UploadStage::preparing);
    mailbox.upload_canceled = busy ? mailbox.upload_canceled : 0;
    return;
  }
  mailbox.upload_started = now;
}

} // namespace

Firmware firmware_of(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t now) {
  const FirmwareModel& model = model_of(store);
  const store::CxlMailboxRecord& mailbox = memdev.mailbox;
  Firmware firmware{.slots = model.slots,
                    .active = model.first_active,
                    .staged = mailbox.fw_staged,
                    .can_activate_online = model.can_activate_online};
  std::uint32_t filled = model.filled | mailbox.fw_filled;
  if (has_come_through(memdev, now)) {
    firmware.staged = next_slot(model);
    filled |= 1U << (firmware.staged - 1);
  }
  for (std::size_t slot = 0; slot < firmware.revisions.size(); ++slot) {
    firmware.revisions[slot] = (filled & (1U << slot)) != 0 ? model.revisions[slot] : std::string_view{};
  }
  return firmware;
}

Upload upload_of(const CxlMemdevRecord& memdev, std::uint64_t now) {
  const store::CxlMailboxRecord& mailbox = memdev.mailbox;
  if (mailbox.upload_started == 0) {
    return {.remaining = mailbox.upload_bytes,
            .error = static_cast<UploadError>(mailbox.upload_error),
            .failed_in = static_cast<UploadStage>(mailbox.upload_error_at)};
  }
  const std::uint64_t all = count_pieces(memdev, mailbox.upload_bytes);
  const std::uint64_t canceled = mailbox.upload_canceled;
  const auto done_by = [&](std::uint64_t time) {
    return time < mailbox.upload_started ? 0 : std::min(all, (time - mailbox.upload_started) / kPieceTime);
  };
  const std::uint64_t done = done_by(now);
  // It is heard before the next piece.
  const std::uint64_t heard = canceled == 0 ? all : done_by(canceled) + 1;
  const std::uint64_t written = std::min(done, heard);
  const std::uint64_t bytes = std::min(mailbox.upload_bytes, written * piece_of(memdev));
  Upload upload{.stage = UploadStage::transferring, .remaining = mailbox.upload_bytes - bytes};
  if (canceled != 0 && done >= heard) {
    upload.stage = UploadStage::idle;
    upload.error = UploadError::canceled;
    upload.failed_in = written == all ? UploadStage::programming : UploadStage::transferring;
  } else if (done == all) {
    upload.stage = UploadStage::idle;
  }
  return upload;
}

std::string_view name_of(UploadStage stage) {
  constexpr std::array<std::string_view, 5> kNames = {"idle", "receiving", "preparing", "transferring", "programming"};
  return kNames[static_cast<std::size_t>(stage) % kNames.size()];
}

std::string_view name_of(UploadError error) {
  constexpr std::array<std::string_view, 7> kNames = {
      "none", "hw-error", "timeout", "user-abort", "device-busy", "invalid-file-size", "read-write-error"};
  return kNames[static_cast<std::size_t>(error) % kNames.size()];
}

void set_loading(const store::Store& store, CxlMemdevRecord& memdev, std::string_view text, std::uint64_t now) {
  settle_upload(store, memdev, now);
  store::CxlMailboxRecord& mailbox = memdev.mailbox;
  if (mailbox.upload_started != 0) {
    return;
  }
  const long wanted = number_in(text);
  if (wanted == 1) { // a load that was begun is given up
    mailbox.fw_bytes = 0;
    mailbox.fw_hash = {};
    mailbox.fw_loading = 1;
    return;
  }
  if (wanted == 0 && mailbox.fw_loading != 0 && mailbox.fw_bytes != 0) {
    start_upload(store, memdev, now);
  }
  mailbox.fw_loading = 0;
}

Result<void> add_firmware(CxlMemdevRecord& memdev, std::uint64_t bytes, std::uint64_t now) {
  if (upload_of(memdev, now).stage != UploadStage::idle) {
    return fail(ENODEV);
  }
  memdev.mailbox.fw_bytes += bytes;
  return {};
}

Result<void> cancel_upload(CxlMemdevRecord& memdev, std::uint64_t now) {
  const bool lasts = upload_of(memdev, now).stage != UploadStage::idle;
  memdev.mailbox.upload_canceled = std::max<std::uint64_t>(now, 1);
  return lasts ? Result<void>() : fail(ENODEV);
}

} // namespace daxemu::cxl
