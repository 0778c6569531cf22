#include "emu/store/header.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>

#include "emu/base/program/at_start.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::store {
namespace {

constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325ULL;
constexpr std::uint64_t kFnvPrime = 0x100000001b3ULL;

} // namespace

DAXEMU_START_PATH std::uint64_t record_fingerprint() {
  std::uint64_t hash = kFnvBasis;
  for (const std::size_t size :
       {sizeof(Platform), sizeof(RegionRecord), sizeof(DeviceRecord), sizeof(ProcessSlot), sizeof(RangeRecord),
        sizeof(BackingRecord), sizeof(NodeRecord), sizeof(NodeSlot), sizeof(CounterStripe), sizeof(BackingSlot),
        sizeof(DriverIdRecord), sizeof(MemoryBlockRecord), sizeof(InodeRecord), sizeof(NodeNameRecord),
        sizeof(UndoRecord), sizeof(RecoveryRecord), sizeof(BindRecord), sizeof(CoverRecord), sizeof(CxlRecord)}) {
    hash = (hash ^ size) * kFnvPrime;
  }
  return hash;
}

DAXEMU_START_PATH std::uint64_t checksum_of(const Header& header) {
  std::array<unsigned char, sizeof(Header)> bytes{};
  std::memcpy(bytes.data(), &header, sizeof(Header));
  std::uint64_t hash = kFnvBasis;
  for (const unsigned char byte : std::span(bytes).first(offsetof(Header, checksum))) {
    hash = (hash ^ byte) * kFnvPrime;
  }
  return hash;
}

DAXEMU_START_PATH Result<void> check(const Header& header, std::uint64_t actual_size) {
  if (header.magic != kMagic) {
    return fail(EPROTO);
  }
  if (header.version != kLayoutVersion || header.record_sizes != record_fingerprint()) {
    return fail(ENOTSUP);
  }
  if (header.complete != 1) {
    return fail(EAGAIN);
  }
  if (header.checksum != checksum_of(header)) {
    return fail(EPROTO);
  }
  if (actual_size < header.file_size) {
    return fail(EIO);
  }
  if (header.segment_size < sizeof(Platform) || header.segment_size > UINT64_MAX - kHeaderSize ||
      header.file_size != kHeaderSize + header.segment_size || header.platform_at < kHeaderSize ||
      header.platform_at > header.file_size - sizeof(Platform) || header.platform_at % alignof(Platform) != 0) {
    return fail(EPROTO);
  }
  return {};
}

} // namespace daxemu::store
