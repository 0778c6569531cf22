// Where the values of an event are in what a device said (include/cxl/event.h; offsets in struct cxl_event_record_raw).
#pragma once

#include <string_view>

#include "emu/sysfs/tracing/trace_events.hpp"

namespace daxemu::sysfs::said {

// A little-endian number of `Size` bytes.
template <std::size_t At, std::size_t Size>
std::uint64_t number(const CxlTraceRecord& event) {
  static_assert(At + Size <= store::kCxlEventRecordSize);
  std::uint64_t value = 0;
  for (std::size_t at = Size; at > 0; --at) {
    value = value << 8U | event.said[At + at - 1];
  }
  return value;
}
template <std::size_t At, std::size_t Size>
std::span<const std::uint8_t> bytes(const CxlTraceRecord& event) {
  static_assert(At + Size <= store::kCxlEventRecordSize);
  return std::span(event.said).subspan(At, Size);
}
template <std::size_t At>
constexpr Number kByte = number<At, 1>;

// Of every record.
inline constexpr Bytes kId = bytes<0, 16>;
inline constexpr Number kLength = kByte<16>;
inline constexpr Number kFlags = number<17, 3>;
inline constexpr Number kHandle = number<20, 2>;
inline constexpr Number kRelated = number<22, 2>;
inline constexpr Number kTimestamp = number<24, 8>;
inline constexpr Number kMaintenance = kByte<32>;
inline constexpr Number kMaintenanceSub = kByte<33>;
inline constexpr Number kLdId = number<34, 2>;
inline constexpr Number kHeadId = kByte<36>;
inline constexpr Bytes kData = bytes<48, 80>;

// Of what has an address (struct cxl_event_media_hdr). Its lowest bits are flags.
inline constexpr std::uint64_t kAddressFlags = 3;
inline constexpr std::uint64_t kAddressMask = ~std::uint64_t{63}; // CXL_DPA_MASK
inline std::uint64_t dpa(const CxlTraceRecord& event) {
  return number<48, 8>(event) & kAddressMask;
}
inline std::uint64_t dpa_flags(const CxlTraceRecord& event) {
  return number<48, 8>(event) & kAddressFlags;
}
inline constexpr Number kDescriptor = kByte<56>;
inline constexpr Number kType = kByte<57>;
inline constexpr Number kTransaction = kByte<58>;
inline constexpr Number kValidity = number<59, 2>;
inline constexpr Number kChannel = kByte<61>;
inline constexpr Number kRank = kByte<62>;

// A count says something only of an event that is beyond a threshold.
inline constexpr std::uint64_t kThresholdEvent = 2; // CXL_GMER_EVT_DESC_THRESHOLD_EVENT
template <std::size_t At>
std::uint64_t count_beyond(const CxlTraceRecord& event) {
  return (kDescriptor(event) & kThresholdEvent) != 0 ? number<At, 3>(event) : 0;
}

// The device's own.
inline std::string_view memdev(const CxlTraceRecord& event) {
  return event.memdev.view();
}
inline std::string_view host(const CxlTraceRecord& event) {
  return event.host.view();
}
inline std::string_view region(const CxlTraceRecord& event) {
  return event.region.view();
}
inline std::uint64_t serial(const CxlTraceRecord& event) {
  return event.serial;
}
inline std::uint64_t log(const CxlTraceRecord& event) {
  return event.log;
}
inline std::uint64_t hpa(const CxlTraceRecord& event) {
  return event.hpa;
}
inline std::uint64_t no_alias(const CxlTraceRecord&) {
  return ~std::uint64_t{0}; // no cache in front of memory
}
inline std::uint64_t zero(const CxlTraceRecord&) {
  return 0;
}
inline std::span<const std::uint8_t> region_uuid(const CxlTraceRecord& event) {
  return event.uuid;
}

} // namespace daxemu::sysfs::said
