#include "emu/cxl/mailbox/security.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <linux/falloc.h>

#include "emu/base/sys.hpp"
#include "emu/base/unique_fd.hpp"
#include "emu/cxl/mailbox/device.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000ULL;

// Flags of Get Security State.
constexpr std::uint32_t kUserPassphrase = 1U << 0;
constexpr std::uint32_t kLocked = 1U << 2;
constexpr std::uint32_t kFrozen = 1U << 3;
constexpr std::uint32_t kUserLimit = 1U << 4;
constexpr std::uint32_t kMasterLimit = 1U << 5;

// get_sanitize_duration() of QEMU. The mock is done at once.
std::uint64_t sanitize_duration(const store::Store& store, const CxlMemdevRecord& memdev) {
  struct Step {
    std::uint64_t megabytes;
    std::uint64_t seconds;
  };
  constexpr std::array<Step, 9> kSteps = {{{512, 4},
                                           {1024, 8},
                                           {2048, 15},
                                           {4096, 30},
                                           {8192, 60},
                                           {16384, 120},
                                           {32768, 240},
                                           {65536, 480},
                                           {~0ULL, 900}}};
  if (is_mock(store)) {
    return 0;
  }
  const std::uint64_t megabytes = (memdev.ram_size + memdev.pmem_size) >> 20;
  const auto* step =
      std::find_if(kSteps.begin(), kSteps.end(), [megabytes](const Step& one) { return megabytes <= one.megabytes; });
  return step->seconds * kSecond;
}

Result<void> zero_slot_file(const store::Store& store, std::uint32_t slot, std::uint64_t size) {
  if (slot == 0 || slot > store.backing_slots().size() || size == 0) {
    return {};
  }
  auto file = store.open_file(store.backing_slots()[slot - 1].backing.location.c_str(), O_RDWR | O_CLOEXEC);
  return file ? sys::fallocate(file->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size)
              : tl::unexpected(file.error());
}

} // namespace

std::string_view security_state(const CxlMemdevRecord& memdev, std::uint64_t now) {
  const std::uint32_t flags = memdev.security;
  if (is_sanitizing(memdev, now)) {
    return "sanitize";
  }
  if ((flags & kUserPassphrase) == 0) {
    return "disabled";
  }
  if ((flags & (kFrozen | kMasterLimit | kUserLimit)) != 0) {
    return "frozen";
  }
  return (flags & kLocked) != 0 ? "locked" : "unlocked";
}

Result<void> sanitize(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t now) {
  const CxlPortRecord* endpoint = port_at(store, memdev.endpoint);
  if (endpoint == nullptr || memdev.unbound != 0 || endpoint->commit_end != 0 || is_sanitizing(memdev, now)) {
    return fail(EBUSY);
  }
  if ((memdev.security & kUserPassphrase) != 0) {
    return fail(EINVAL);
  }
  for (const auto& [slot, size] : {std::pair(memdev.bytes_slot, memdev.ram_size + memdev.pmem_size),
                                   std::pair(memdev.labels_slot, memdev.label_size)}) {
    if (const auto zeroed = zero_slot_file(store, slot, size); !zeroed) {
      return zeroed;
    }
  }
  memdev.mailbox.sanitize_until = now + sanitize_duration(store, memdev);
  return {};
}

} // namespace daxemu::cxl
