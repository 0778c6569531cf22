#include "emu/cxl/mailbox/dimm.hpp"

#include <algorithm>
#include <array>

#include "emu/base/clock.hpp"
#include "emu/cxl/mailbox/device.hpp"
#include "emu/cxl/mailbox/payload.hpp"
#include "emu/cxl/mailbox/security.hpp"
#include "emu/nd/dimm.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::size_t kSetHeader = 8; // struct cxl_mbox_set_lsa
static_assert(nd::kMostConfigData >= kPayloadLimit);

using Buffer = std::array<std::byte, kPayloadLimit>;

// cxl_internal_send_cmd(). Errors: ENXIO, and what else the device's word stands for; EBUSY.
Result<std::size_t> ask(const store::Store& store, CxlMemdevRecord& memdev, Opcode opcode,
                        std::span<const std::byte> in, std::span<std::byte> out) {
  if (is_kept_busy(store, memdev, clock_ns(CLOCK_BOOTTIME))) {
    return fail(EBUSY);
  }
  const Answer answer = run_command(store, memdev, opcode, in, out);
  return answer.code == ReturnCode::success ? Result<std::size_t>(answer.length) : fail(errno_of(answer.code));
}

// By the mailbox: Get LSA, Set LSA.
class MailboxLabels final : public nd::ConfigData {
public:
  MailboxLabels(const store::Store& store, CxlMemdevRecord& memdev) : store_(store), memdev_(memdev) {}
  [[nodiscard]] std::uint64_t size() const override { return memdev_.label_size; }
  [[nodiscard]] std::uint32_t most() const override { return label_transfer(memdev_); }
  [[nodiscard]] bool is_busy() const override { return nd::is_busy(store_, {&memdev_, nullptr}); }
  [[nodiscard]] Result<void> check(std::uint32_t length, bool writing) const override {
    return length + (writing ? kSetHeader : 0) > memdev_.payload_max ? fail(E2BIG) : Result<void>();
  }
  [[nodiscard]] Result<void> read(std::uint32_t offset, std::span<std::byte> into) override {
    Buffer in;
    PayloadWriter request(in);
    request.number(offset).number(static_cast<std::uint32_t>(into.size()));
    Buffer out{};
    const auto read = ask(store_, memdev_, Opcode::get_lsa, std::span(in).first(request.length()), out);
    if (!read) {
      return tl::unexpected(read.error());
    }
    std::copy_n(out.begin(), into.size(), into.begin());
    return {};
  }
  [[nodiscard]] Result<void> write(std::uint32_t offset, std::span<const std::byte> from) override {
    Buffer in;
    PayloadWriter request(in);
    request.number(offset).number(std::uint32_t{0});
    std::copy(from.begin(), from.end(), in.begin() + kSetHeader);
    const auto lock = store::ConfigLock::take(store_);
    if (!lock) {
      return tl::unexpected(lock.error());
    }
    Buffer out{};
    const auto written = ask(store_, memdev_, Opcode::set_lsa, std::span(in).first(kSetHeader + from.size()), out);
    return written ? Result<void>() : tl::unexpected(written.error());
  }

private:
  const store::Store& store_;
  CxlMemdevRecord& memdev_;
};

// ND_CMD_CALL: by its family, of which the bus has none.
Result<void> call_family(std::uint64_t argument, const UserMemory& memory) {
  std::array<std::byte, 64> package; // struct nd_cmd_pkg
  return fail(memory.read(package.data(), argument, package.size()) ? EINVAL : EFAULT);
}

} // namespace

std::uint32_t label_transfer(const CxlMemdevRecord& memdev) {
  return static_cast<std::uint32_t>(memdev.payload_max - kSetHeader);
}

Result<void> control_dimm(const store::Store& store, CxlMemdevRecord& memdev, const nd::DimmCall& call,
                          std::uint64_t argument, const UserMemory& memory) {
  if (memdev.used == 0 || memdev.dimm == 0) {
    return fail(ENXIO);
  }
  if (nd::command_of(call) == nd::kCmdCall) {
    return call_family(argument, memory);
  }
  MailboxLabels labels(store, memdev);
  return nd::control_config_data(labels, call, argument, memory);
}

} // namespace daxemu::cxl
