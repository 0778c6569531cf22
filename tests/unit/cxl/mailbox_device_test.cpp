// What the guest's devices do not have: devices that can be partitioned, the kernel's mock; and firmware and security,
// which programs reach by sysfs.
#include <array>

#include <fcntl.h>

#include "emu/base/clock.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/mailbox/device.hpp"
#include "emu/cxl/mailbox/firmware.hpp"
#include "emu/cxl/mailbox/mailbox.hpp"
#include "emu/cxl/mailbox/payload.hpp"
#include "emu/cxl/mailbox/security.hpp"
#include "emu/nd/labels/label_area.hpp"
#include "tests/unit/cxl/mailbox_lab.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000ULL;
constexpr std::uint64_t kNow = 1000 * kSecond;

struct Answered {
  int code = 0;
  std::uint32_t retval = 0;
  std::vector<std::byte> out;
};
Answered send(MailboxLab& lab, CxlMemdevRecord& memdev, std::uint32_t id, std::vector<std::byte> in,
              std::size_t out_size) {
  Answered answered{.out = std::vector<std::byte>(out_size)};
  SendCommand command{.id = id,
                      .in = {.size = static_cast<std::int32_t>(in.size()), .address = address_of(in.data())},
                      .out = {.size = static_cast<std::int32_t>(out_size), .address = address_of(answered.out.data())}};
  const auto result = control_memdev(lab.store, memdev, kSendCommand, address_of(&command), lab.memory);
  answered.code = result ? 0 : result.error().value;
  answered.retval = command.retval;
  return answered;
}
std::vector<std::byte> partition(std::uint64_t units, std::uint8_t flags) {
  std::vector<std::byte> payload(10);
  std::memcpy(payload.data(), &units, sizeof units);
  payload[8] = std::byte{flags};
  return payload;
}

TEST(MailboxPartitions, AreSetForTheNextReset) {
  HostBridgeSpec bridge;
  bridge.root_ports = {{.memdev = {{.ram = kGiga, .pmem = 512 * kMega, .either = kGiga}}}};
  MailboxLab lab;
  lab.store = platform_of({.host_bridges = {bridge}, .windows = {{}}});
  CxlMemdevRecord& memdev = lab.memdev("mem0");
  ASSERT_EQ(memdev.partition_align, 256 * kMega);
  EXPECT_EQ(send(lab, memdev, 9, partition(5, 1), 0).code, EBUSY); // not at once
  EXPECT_EQ(send(lab, memdev, 9, partition(3, 0), 0).retval, 2U);  // less than is volatile anyway
  EXPECT_EQ(send(lab, memdev, 9, partition(9, 0), 0).retval, 2U);  // persistent memory stays
  EXPECT_EQ(memdev.next_ram, 0U);
  const Answered done = send(lab, memdev, 9, partition(5, 0), 0);
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(done.retval, 0U);
  const Answered told = send(lab, memdev, 5, {}, 32);
  EXPECT_EQ(number_at<std::uint64_t>(told.out, 0), memdev.ram_size / (256 * kMega));
  EXPECT_EQ(number_at<std::uint64_t>(told.out, 16), 5U);
  EXPECT_EQ(number_at<std::uint64_t>(told.out, 24), 5U);
}

TEST(MailboxMock, AnswersAsTheKernelsMock) {
  MailboxLab lab(true);
  CxlMemdevRecord& memdev = lab.memdev("mem0");
  const Answered health = send(lab, memdev, 7, {}, 0x12);
  ASSERT_EQ(health.code, 0);
  EXPECT_EQ(health.out[0], std::byte{7});
  EXPECT_EQ(health.out[3], std::byte{15});
  const Answered who = send(lab, memdev, 1, {}, 0x43);
  ASSERT_EQ(who.code, 0);
  EXPECT_EQ(std::memcmp(who.out.data(), "mock fw v1 ", 12), 0);
  EXPECT_EQ(number_at<std::uint64_t>(who.out, 0x10), 8U); // 2G
  EXPECT_EQ(number_at<std::uint64_t>(who.out, 0x18), 0U);
  EXPECT_EQ(number_at<std::uint64_t>(who.out, 0x20), 0U);
  EXPECT_EQ(number_at<std::uint64_t>(who.out, 0x28), 1U); // 256M
  EXPECT_EQ(number_at<std::uint16_t>(who.out, 0x3f), 128U);
  // Where a device says what is wrong, the mock has the call fail.
  std::vector<std::byte> where(8);
  const std::uint32_t behind = 64U << 20U;
  std::memcpy(where.data(), &behind, sizeof behind);
  EXPECT_EQ(send(lab, memdev, 6, where, 16).code, EINVAL);
  EXPECT_EQ(send(lab, memdev, 9, partition(1, 0), 0).code, ENOTTY); // it cannot be divided by a program
}

TEST(MailboxFirmware, IsUploadedInTime) {
  MailboxLab lab;
  CxlMemdevRecord& memdev = lab.memdev("mem0");
  const auto change = Change::begin(lab.store);
  ASSERT_TRUE(change);
  EXPECT_EQ(cancel_upload(memdev, kNow).error(), Errno{ENODEV});
  memdev.mailbox.upload_canceled = 0;
  set_loading(lab.store, memdev, "0\n", kNow); // nothing was begun
  EXPECT_FALSE(is_loading(memdev));
  set_loading(lab.store, memdev, "1\n", kNow);
  EXPECT_TRUE(is_loading(memdev));
  ASSERT_TRUE(add_firmware(memdev, 1U << 20U, kNow));
  EXPECT_EQ(upload_of(memdev, kNow).stage, UploadStage::idle);
  set_loading(lab.store, memdev, "0", kNow);
  EXPECT_FALSE(is_loading(memdev));
  EXPECT_EQ(name_of(upload_of(memdev, kNow).stage), "transferring");
  EXPECT_EQ(upload_of(memdev, kNow).remaining, 1U << 20U);
  EXPECT_LT(upload_of(memdev, kNow + kSecond / 10).remaining, 1U << 20U);
  EXPECT_EQ(add_firmware(memdev, 1, kNow + 1).error(), Errno{ENODEV});
  EXPECT_EQ(firmware_of(lab.store, memdev, kNow + 1).staged, 0U);
  const std::uint64_t later = kNow + 10 * kSecond;
  EXPECT_EQ(upload_of(memdev, later).stage, UploadStage::idle);
  EXPECT_EQ(upload_of(memdev, later).remaining, 0U);
  EXPECT_EQ(upload_of(memdev, later).error, UploadError::none);
  EXPECT_EQ(firmware_of(lab.store, memdev, later).staged, 2U);
  EXPECT_EQ(firmware_of(lab.store, memdev, later).revisions[1], "BWFW VERSION 1");
  set_loading(lab.store, memdev, "1", later);
  EXPECT_EQ(firmware_of(lab.store, memdev, later).staged, 2U);
}

TEST(MailboxFirmware, StopsWhenItIsCanceled) {
  MailboxLab lab;
  CxlMemdevRecord& memdev = lab.memdev("mem0");
  set_loading(lab.store, memdev, "1", kNow);
  ASSERT_TRUE(add_firmware(memdev, 1U << 20U, kNow));
  set_loading(lab.store, memdev, "0", kNow);
  const std::uint64_t middle = kNow + kSecond / 10;
  ASSERT_TRUE(cancel_upload(memdev, middle));
  const Upload over = upload_of(memdev, middle + kSecond / 100);
  EXPECT_EQ(over.stage, UploadStage::idle);
  EXPECT_EQ(name_of(over.error), "user-abort");
  EXPECT_EQ(over.failed_in, UploadStage::transferring);
  EXPECT_GT(over.remaining, 0U);
  EXPECT_LT(over.remaining, 1U << 20U);
  const std::uint64_t later = kNow + 10 * kSecond;
  EXPECT_EQ(upload_of(memdev, later).remaining, over.remaining);
  EXPECT_EQ(firmware_of(lab.store, memdev, later).staged, 0U);
  set_loading(lab.store, memdev, "1", later); // what is left is left, and the next one goes through
  ASSERT_TRUE(add_firmware(memdev, 5, later));
  set_loading(lab.store, memdev, "0", later);
  EXPECT_EQ(upload_of(memdev, later + kSecond).error, UploadError::none);
  EXPECT_EQ(firmware_of(lab.store, memdev, later + kSecond).staged, 2U);
}

TEST(MailboxSecurity, SanitizeZeroesAtOnce) {
  MailboxLab lab;
  CxlMemdevRecord& memdev = lab.memdev("mem2");
  std::array<std::byte, 8> label{};
  label.fill(std::byte{9});
  ASSERT_TRUE(nd::write_labels(lab.store, nd::label_area_of(memdev), 0, label));
  const auto media =
      lab.store.open_file(lab.store.backing_slots()[memdev.bytes_slot - 1].backing.location.c_str(), O_RDWR);
  ASSERT_TRUE(media);
  ASSERT_TRUE(sys::pwrite(media->get(), "xxxx", 4, 4096));
  EXPECT_EQ(security_state(memdev, kNow), "disabled");
  ASSERT_TRUE(sanitize(lab.store, memdev, kNow));
  EXPECT_EQ(security_state(memdev, kNow), "disabled");
  char bytes[4] = {};
  ASSERT_TRUE(sys::pread(media->get(), bytes, sizeof bytes, 4096));
  EXPECT_EQ(std::string(bytes, 4), std::string(4, '\0'));
  ASSERT_TRUE(nd::read_labels(lab.store, nd::label_area_of(memdev), 0, label));
  EXPECT_EQ(label[0], std::byte{0});
  // While one lasts the kernel sends the device nothing.
  memdev.mailbox.sanitize_until = clock_ns(CLOCK_BOOTTIME) + kSecond * 1000;
  EXPECT_EQ(security_state(memdev, kNow), "sanitize");
  EXPECT_EQ(sanitize(lab.store, memdev, kNow).error(), Errno{EBUSY});
  EXPECT_EQ(send(lab, memdev, 1, {}, 0x43).code, EBUSY);
  set_loading(lab.store, memdev, "1", kNow);
  ASSERT_TRUE(add_firmware(memdev, 5, kNow));
  set_loading(lab.store, memdev, "0", kNow);
  EXPECT_EQ(upload_of(memdev, kNow).error, UploadError::hardware);
  EXPECT_EQ(upload_of(memdev, kNow).failed_in, UploadStage::preparing);
  EXPECT_EQ(upload_of(memdev, kNow).remaining, 5U);
  memdev.mailbox.sanitize_until = 0;
  EXPECT_EQ(send(lab, memdev, 1, {}, 0x43).code, 0);
}

TEST(MailboxSecurity, MockTakesTheTimeItIsTold) {
  MailboxLab lab;
  lab.store.cxl().state.mock = 1;
  CxlMemdevRecord& memdev = lab.memdev("mem0");
  const std::uint64_t now = clock_ns(CLOCK_BOOTTIME);
  memdev.mailbox.sanitize_ms = 60'000;
  ASSERT_TRUE(sanitize(lab.store, memdev, now));
  const std::uint64_t end = now + 60 * kSecond;
  EXPECT_EQ(security_state(memdev, end - 1), "sanitize");
  EXPECT_EQ(sanitizations_ended(memdev, end - 1), 0U);
  EXPECT_EQ(sanitize(lab.store, memdev, end - 1).error(), Errno{EBUSY});
  EXPECT_EQ(send(lab, memdev, 1, {}, 0x43).code, 0); // its mailbox takes other commands
  EXPECT_EQ(security_state(memdev, end), "disabled");
  EXPECT_EQ(sanitizations_ended(memdev, end), 1U);
  memdev.mailbox.sanitize_ms = 0;
  ASSERT_TRUE(sanitize(lab.store, memdev, end));
  EXPECT_EQ(sanitizations_ended(memdev, end), 2U);
}

TEST(MailboxSecurity, PassphrasesAreTheMocks) {
  MailboxLab lab;
  CxlMemdevRecord& memdev = lab.memdev("mem0");
  const Passphrase none{};
  const Passphrase one{1};
  const Passphrase two{2};
  const auto set = [&](Whose whose, const Passphrase& old, const Passphrase& fresh) {
    const auto done = set_passphrase(lab.store, memdev, whose, old, fresh);
    return done ? 0 : done.error().value;
  };
  EXPECT_EQ(set(Whose::user, none, one), ENXIO); // QEMU's device has no such command
  lab.store.cxl().state.mock = 1;
  EXPECT_EQ(set(Whose::user, two, one), ENXIO); // none is set: what is not set is zero
  EXPECT_EQ(set(Whose::master, none, two), 0);
  EXPECT_EQ(set(Whose::user, none, one), 0);
  EXPECT_EQ(security_state(memdev, kNow), "unlocked");
  EXPECT_EQ(set(Whose::master, two, one), ENXIO); // not while a user's is set
  EXPECT_EQ(sanitize(lab.store, memdev, kNow).error(), Errno{EINVAL});
  EXPECT_EQ(unlock(lab.store, memdev, one).error(), Errno{ENXIO}); // it is not locked
  ASSERT_TRUE(lock_persistent_memory(memdev));
  EXPECT_EQ(security_state(memdev, kNow), "locked");
  EXPECT_EQ(unlock(lab.store, memdev, two).error(), Errno{ENXIO});
  EXPECT_TRUE(unlock(lab.store, memdev, one));
  EXPECT_EQ(set(Whose::user, one, two), 0);
  EXPECT_TRUE(disable_passphrase(lab.store, memdev, Whose::user, two));
  EXPECT_EQ(security_state(memdev, kNow), "disabled");
  EXPECT_EQ(lock_persistent_memory(memdev).error(), Errno{ENXIO});
  // Three wrong ones are the last.
  EXPECT_EQ(set(Whose::user, none, one), 0);
  for (int wrong = 0; wrong < 3; ++wrong) {
    EXPECT_EQ(security_state(memdev, kNow), "unlocked");
    EXPECT_EQ(disable_passphrase(lab.store, memdev, Whose::user, two).error(), Errno{ENXIO});
  }
  EXPECT_EQ(security_state(memdev, kNow), "frozen");
  EXPECT_EQ(disable_passphrase(lab.store, memdev, Whose::user, one).error(), Errno{ENXIO});
  EXPECT_TRUE(erase_by_passphrase(lab.store, memdev, Whose::master, two)); // the master's way out
  EXPECT_EQ(memdev.security & kUserPassphrase, 0U);
  ASSERT_TRUE(freeze_security(lab.store, memdev));
  EXPECT_EQ(set(Whose::user, none, one), ENXIO);
}

TEST(MailboxSecurity, EraseZeroesPersistentMemoryOnly) {
  MailboxLab lab;
  lab.store.cxl().state.mock = 1;
  CxlMemdevRecord& memdev = lab.memdev("mem2");
  memdev.ram_size = memdev.pmem_size / 2;
  memdev.pmem_size -= memdev.ram_size;
  auto media = lab.store.open_file(lab.store.backing_slots()[memdev.bytes_slot - 1].backing.location.c_str(), O_RDWR);
  ASSERT_TRUE(media);
  const std::array<std::uint64_t, 2> places = {4096, memdev.ram_size + 4096};
  for (const std::uint64_t place : places) {
    ASSERT_TRUE(sys::pwrite(media->get(), "x", 1, place));
  }
  ASSERT_TRUE(erase_by_passphrase(lab.store, memdev, Whose::user, Passphrase{}));
  char bytes[2] = {};
  ASSERT_TRUE(sys::pread(media->get(), bytes, 1, places[0]));
  ASSERT_TRUE(sys::pread(media->get(), bytes + 1, 1, places[1]));
  EXPECT_EQ(bytes[0], 'x');
  EXPECT_EQ(bytes[1], '\0');
}

TEST(MailboxSecurity, SanitizeWantsAnIdleEndpoint) {
  MailboxLab lab;
  CxlMemdevRecord& memdev = lab.memdev("mem0");
  CxlPortRecord* endpoint = port_at(lab.store, memdev.endpoint);
  ASSERT_NE(endpoint, nullptr);
  endpoint->commit_end = 1;
  EXPECT_EQ(sanitize(lab.store, memdev, kNow).error(), Errno{EBUSY});
  endpoint->commit_end = 0;
  memdev.unbound = 1;
  EXPECT_EQ(sanitize(lab.store, memdev, kNow).error(), Errno{EBUSY});
}

TEST(MailboxOfNobody, IsGone) {
  MailboxLab lab;
  CxlMemdevRecord& memdev = lab.memdev("mem0");
  EXPECT_EQ(control_memdev(lab.store, memdev, kSendCommand, 0, lab.memory).error(), Errno{EFAULT});
  EXPECT_EQ(control_memdev(lab.store, memdev, kQueryCommands, 0, lab.memory).error(), Errno{EFAULT});
  EXPECT_EQ(control_memdev(lab.store, memdev, 0xce03, 0, lab.memory).error(), Errno{ENOTTY});
  memdev.used = 0;
  EXPECT_EQ(control_memdev(lab.store, memdev, kQueryCommands, 0, lab.memory).error(), Errno{ENXIO});
}

} // namespace
} // namespace daxemu::cxl
