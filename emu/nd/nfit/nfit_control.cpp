#include "emu/nd/nfit/nfit_control.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "emu/base/units.hpp"
#include "emu/dax/change.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/nd/nfit/health.hpp"
#include "emu/nd/nfit/nfit_errors.hpp"
#include "emu/nd/region.hpp"

namespace daxemu::nd {
namespace {

constexpr std::uint32_t kArsCap = 1;
constexpr std::uint32_t kArsStart = 2;
constexpr std::uint32_t kArsStatus = 3;
constexpr std::uint32_t kClearError = 4;

// Bytes of the structures, and where their fields lie.
constexpr std::size_t kRecord = 24;       // struct nd_ars_record
constexpr std::size_t kStatusHeader = 48; // struct nd_cmd_ars_status
constexpr std::size_t kMostRecords = kPageSize / kRecord;
constexpr std::size_t kMostStatus = kStatusHeader + kMostRecords * kRecord; // max_ars_out
struct Package {                                                            // struct nd_cmd_pkg
  std::uint64_t family = 0;
  std::uint64_t function = 0;
  std::uint32_t size_in = 0;
  std::uint32_t size_out = 0;
  std::array<std::uint32_t, 9> reserved{};
  std::uint32_t size_fw = 0;
};
static_assert(sizeof(Package) == 64);
constexpr std::size_t kMostPayload = 8192;

// The payload of a command: a number at its place.
class Payload {
public:
  explicit Payload(std::span<std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  template <class Number>
  [[nodiscard]] Number get(std::size_t at) const {
    Number value{};
    if (at + sizeof value <= bytes_.size()) {
      std::memcpy(&value, bytes_.data() + at, sizeof value);
    }
    return value;
  }
  template <class Number>
  void put(std::size_t at, Number value) const {
    if (at + sizeof value <= bytes_.size()) {
      std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
  }
  void zero() const { std::ranges::fill(bytes_, std::byte{}); }

private:
  std::span<std::byte> bytes_;
};

// nfit_test_cmd_ars_cap()
Result<void> ars_cap(const store::Store&, const Payload& payload) {
  constexpr std::uint32_t kScrubs = 3U << 16U; // ND_ARS_VOLATILE, ND_ARS_PERSISTENT
  payload.put(16, kScrubs);
  payload.put(20, static_cast<std::uint32_t>(kMostStatus));
  payload.put(24, static_cast<std::uint32_t>(kClearErrorUnit));
  return {};
}

// nfit_test_cmd_ars_start() and post_ars_status(); it is over at once.
Result<void> ars_start(const store::Store& store, const Payload& payload) {
  constexpr std::uint32_t kSeconds = 1;
  store::NfitRecord& nfit = store.platform().nfit;
  nfit.ars_start = payload.get<std::uint64_t>(0);
  nfit.ars_length = payload.get<std::uint64_t>(8);
  nfit.ars_records = 0;
  for (std::uint32_t at = 0; at < std::min<std::uint32_t>(nfit.bad_ranges, store::kMaxNfitBadRanges); ++at) {
    const std::uint64_t from = std::max(nfit.bad[at].start, nfit.ars_start);
    const std::uint64_t end = std::min(nfit.bad[at].start + nfit.bad[at].length, nfit.ars_start + nfit.ars_length);
    if (from < end) {
      nfit.ars[nfit.ars_records++] = {from, end - from};
    }
  }
  payload.put(24, std::uint32_t{0});
  payload.put(28, kSeconds);
  return {};
}

// nfit_test_cmd_ars_status()
Result<void> ars_status(const store::Store& store, const Payload& payload) {
  const store::NfitRecord& nfit = store.platform().nfit;
  const std::uint32_t count = std::min<std::uint32_t>(nfit.ars_records, store::kMaxNfitBadRanges);
  const std::size_t length = kStatusHeader + count * kRecord;
  if (payload.size() < length) {
    return fail(EINVAL);
  }
  constexpr std::uint16_t kPersistent = 2;
  payload.zero();
  payload.put(4, static_cast<std::uint32_t>(length));
  payload.put(8, nfit.ars_start);
  payload.put(16, nfit.ars_length);
  payload.put(40, kPersistent);
  payload.put(44, count);
  for (std::uint32_t at = 0; at < count; ++at) {
    payload.put(kStatusHeader + at * kRecord + 8, nfit.ars[at].start);
    payload.put(kStatusHeader + at * kRecord + 16, nfit.ars[at].length);
  }
  return {};
}

Result<void> clear_errors(const store::Store& store, const Payload& payload) {
  const auto start = payload.get<std::uint64_t>(0);
  const auto length = payload.get<std::uint64_t>(8);
  if (auto cleared = clear_error(store, start, length); !cleared) {
    return cleared;
  }
  payload.put(16, std::uint32_t{0});
  payload.put(24, length);
  return {};
}

// nfit_test_search_spa(): of a region's last DIMM, as if that had all of it.
Result<void> translate_spa(const store::Store& store, const Payload& payload) {
  constexpr std::uint32_t kNotThere = 2;
  const auto address = payload.get<std::uint64_t>(0);
  if (payload.size() < payload.get<std::uint64_t>(16)) {
    return fail(EINVAL);
  }
  for (const store::RegionRecord& region : store.regions()) {
    const bool has_it = region.used.load() != 0 && region.nd.first_dimm != 0 && address >= region.phys_start &&
                        address - region.phys_start < region.size;
    const std::uint32_t count = has_it ? mappings_of(store, region) : 0;
    if (count != 0) {
      payload.put(24, std::uint32_t{1});
      payload.put(28, mapping_of(store, region, count - 1).dimm.nfit->handle);
      payload.put(36, address - region.phys_start);
      return {};
    }
  }
  payload.put(8, kNotThere);
  return {};
}

constexpr std::size_t kInjectSize = 21;
constexpr std::size_t kUninjectSize = 20;
Result<void> inject_set(const store::Store& store, const Payload& payload) {
  constexpr std::uint8_t kNotify = 1;
  if (payload.size() != kInjectSize) {
    return fail(EINVAL);
  }
  const bool notify = (payload.get<std::uint8_t>(16) & kNotify) != 0;
  auto injected = inject_error(store, payload.get<std::uint64_t>(0), payload.get<std::uint64_t>(8), notify);
  payload.put(17, std::uint32_t{0});
  return injected;
}
Result<void> inject_clear(const store::Store& store, const Payload& payload) {
  if (payload.size() != kUninjectSize) {
    return fail(EINVAL);
  }
  auto forgotten = uninject_error(store, payload.get<std::uint64_t>(0), payload.get<std::uint64_t>(8));
  payload.put(16, std::uint32_t{0});
  return forgotten;
}
Result<void> inject_get(const store::Store& store, const Payload& payload) {
  const store::NfitRecord& nfit = store.platform().nfit;
  const std::uint32_t count = std::min<std::uint32_t>(nfit.bad_ranges, store::kMaxNfitBadRanges);
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kEntry = 16;
  std::uint32_t at = 0;
  for (; at < count && kHeader + (at + 1) * kEntry <= payload.size(); ++at) {
    payload.put(kHeader + at * kEntry, nfit.bad[at].start);
    payload.put(kHeader + at * kEntry + 8, nfit.bad[at].length);
  }
  payload.put(0, std::uint32_t{0});
  payload.put(4, at);
  return {};
}

using Function = Result<void> (*)(const store::Store&, const Payload&);
struct Known {
  std::uint32_t number;
  Function function;
};
constexpr Known kFunctions[] = {
    {kTranslateSpa, translate_spa}, {kInjectSet, inject_set}, {kInjectClear, inject_clear}, {kInjectGet, inject_get}};
constexpr Known kCommands[] = {
    {kArsCap, ars_cap}, {kArsStart, ars_start}, {kArsStatus, ars_status}, {kClearError, clear_errors}};

Function function_of(std::span<const Known> among, std::uint64_t number) {
  const auto found = std::ranges::find_if(among, [&](const Known& known) { return known.number == number; });
  return found == among.end() ? nullptr : found->function;
}

// A package of ND_CMD_CALL: read, answered while nobody else changes anything, and written back.
template <class Answer>
Result<void> call_package(const store::Store& store, std::uint64_t argument, const UserMemory& memory,
                          Answer&& answer) {
  Package package;
  if (!memory.read(&package, argument, sizeof package)) {
    return fail(EFAULT);
  }
  const std::uint64_t size = std::uint64_t{package.size_in} + package.size_out;
  if (size > kLongestCall - sizeof package ||
      std::ranges::any_of(package.reserved, [](auto word) { return word != 0; })) {
    return fail(EINVAL);
  }
  std::array<std::byte, kMostPayload> room{};
  const std::span<std::byte> payload = std::span(room).first(std::min<std::uint64_t>(size, room.size()));
  if (!memory.read(payload.data(), argument + sizeof package, payload.size())) {
    return fail(EFAULT);
  }
  auto change = dax::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  if (auto answered = answer(package, payload); !answered) {
    return answered;
  }
  return memory.write(argument + sizeof package, payload.data(), payload.size()) ? Result<void>() : fail(EFAULT);
}

// As __nd_ioctl() adds up what a command of the bus takes: that of a status the caller says himself.
Result<std::size_t> size_of(std::uint32_t command, std::uint64_t argument, const UserMemory& memory) {
  constexpr std::size_t kUsual = 32;
  if (command != kArsStatus) {
    return kUsual;
  }
  std::uint32_t length = 0;
  if (!memory.read(&length, argument + 4, sizeof length)) {
    return fail(EFAULT);
  }
  return length < 8 ? 8 : std::min<std::size_t>(length, kMostPayload);
}

class NfitLabels final : public ConfigData {
public:
  NfitLabels(const store::Store& store, store::NfitDimmRecord& dimm) : store_(store), dimm_{nullptr, &dimm} {}
  [[nodiscard]] std::uint64_t size() const override { return dimm_.labels().size; }
  [[nodiscard]] std::uint32_t most() const override { return kMostConfigData; } // SZ_4K
  [[nodiscard]] bool is_busy() const override { return nd::is_busy(store_, dimm_); }
  [[nodiscard]] Result<void> check(std::uint32_t length, bool) const override {
    return length > kMostConfigData ? fail(EINVAL) : Result<void>();
  }
  [[nodiscard]] Result<void> read(std::uint32_t offset, std::span<std::byte> into) override {
    return offset >= size() ? fail(EINVAL)
                            : read_labels(store_, dimm_.labels(), offset,
                                          into.first(std::min<std::uint64_t>(into.size(), size() - offset)));
  }
  [[nodiscard]] Result<void> write(std::uint32_t offset, std::span<const std::byte> from) override {
    if (offset >= size()) {
      return fail(EINVAL);
    }
    const auto lock = store::ConfigLock::take(store_);
    return lock ? write_labels(store_, dimm_.labels(), offset,
                               from.first(std::min<std::uint64_t>(from.size(), size() - offset)))
                : tl::unexpected(lock.error());
  }

private:
  const store::Store& store_;
  Dimm dimm_;
};

} // namespace

Result<void> control_nfit_bus(const store::Store& store, const DimmCall& call, std::uint64_t argument,
                              const UserMemory& memory) {
  const std::uint32_t command = command_of(call);
  const Function known = function_of(kCommands, command);
  if (command != kCmdCall && known == nullptr) {
    return fail(ENOTTY);
  }
  if (call.read_only && writes(command)) {
    return fail(EPERM);
  }
  if (command == kCmdCall) {
    return call_package(store, argument, memory,
                        [&](const Package& package, std::span<std::byte> payload) -> Result<void> {
                          if (package.family != 0) { // NVDIMM_BUS_FAMILY_NFIT
                            return fail(EINVAL);
                          }
                          const Function function = function_of(kFunctions, package.function);
                          return function == nullptr ? fail(ENOTTY) : function(store, Payload(payload));
                        });
  }
  const auto size = size_of(command, argument, memory);
  if (!size) {
    return tl::unexpected(size.error());
  }
  std::array<std::byte, kMostPayload> room{};
  const std::span<std::byte> payload = std::span(room).first(*size);
  if (!memory.read(payload.data(), argument, payload.size())) {
    return fail(EFAULT);
  }
  auto change = dax::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  if (auto answered = known(store, Payload(payload)); !answered) {
    return answered;
  }
  return memory.write(argument, payload.data(), payload.size()) ? Result<void>() : fail(EFAULT);
}

Result<void> control_nfit_dimm(const store::Store& store, store::NfitDimmRecord& dimm, const DimmCall& call,
                               std::uint64_t argument, const UserMemory& memory) {
  const std::uint32_t command = command_of(call);
  if (command != kCmdCall) {
    NfitLabels labels(store, dimm);
    return control_config_data(labels, call, argument, memory);
  }
  if (call.read_only) {
    return fail(EPERM);
  }
  return call_package(
      store, argument, memory, [&](const Package& package, std::span<std::byte> payload) -> Result<void> {
        if (package.family != 0) { // NVDIMM_FAMILY_INTEL is the only one of the bus
          return fail(EINVAL);
        }
        return call_health(dimm.health,
                           static_cast<std::uint32_t>(std::min<std::uint64_t>(package.function, UINT32_MAX)), payload);
      });
}

} // namespace daxemu::nd
