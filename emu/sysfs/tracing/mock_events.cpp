#include "emu/sysfs/tracing/mock_events.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "emu/base/clock.hpp"
#include "emu/sysfs/tracing/trace_into.hpp"
#include "emu/sysfs/tracing/trace_values.hpp"

namespace daxemu::sysfs {
namespace {

using Said = std::array<std::uint8_t, store::kCxlEventRecordSize>;

constexpr void put(Said& said, std::size_t at, std::initializer_list<std::uint8_t> bytes) {
  std::ranges::copy(bytes, said.begin() + at);
}
// What a record begins with: whose it is, how long, its flags, which other one it is about.
constexpr Said begin(std::initializer_list<std::uint8_t> id, std::uint8_t flags, std::uint16_t related = 0) {
  Said said{};
  put(said, 0, id);
  said[16] = store::kCxlEventRecordSize;
  said[17] = flags;
  put(said, 22, {static_cast<std::uint8_t>(related), static_cast<std::uint8_t>(related >> 8U)});
  return said;
}
constexpr void put_component(Said& said, std::size_t at, std::uint8_t what) {
  put(said, at, {what, 0x74, 0xc5, 0x08, 0x9a, 0x1a, 0x0b, 0xfc, 0xd2, 0x7e, 0x2f, 0x31, 0x9b, 0x3c, 0x81, 0x4d});
}

constexpr std::uint8_t kPermanent = 4; // CXL_EVENT_RECORD_FLAG_*
constexpr std::uint8_t kMaintenanceNeeded = 8;
constexpr std::uint8_t kDegraded = 16;
constexpr std::uint8_t kReplace = 32;

constexpr Said vendors_own(std::initializer_list<std::uint8_t> id, std::uint8_t flags, std::uint16_t related) {
  Said said = begin(id, flags, related);
  put(said, 48, {0xde, 0xad, 0xbe, 0xef});
  return said;
}
constexpr Said kMaintenance =
    vendors_own({0xba, 0x5e, 0xba, 0x11, 0xab, 0xcd, 0xef, 0xeb, 0xa5, 0x5a, 0xa5, 0x5a, 0xa5, 0xa5, 0x5a, 0xa5},
                kMaintenanceNeeded, 0xa5b6);
constexpr Said kReplacement = vendors_own(
    {0xab, 0xcd, 0xef, 0xeb, 0xba, 0x11, 0xba, 0x5e, 0xa5, 0x5a, 0xa5, 0x5a, 0xa5, 0xa5, 0x5a, 0xa5}, kReplace, 0xb6a5);

// Newer mocks say more: components, counts, subtypes.
constexpr Said media(bool is_newer) {
  Said said = begin({0xfb, 0xcd, 0x0a, 0x77, 0xc2, 0x60, 0x41, 0x7f, 0x85, 0xa9, 0x08, 0x8b, 0x16, 0x21, 0xeb, 0xa6},
                    kPermanent);
  put(said, 48, {0x00, 0x20});                                                         // the address
  put(said, 56, {1, 2, 2, is_newer ? std::uint8_t{0x1b} : std::uint8_t{3}, 0, 1, 30}); // to the rank
  if (is_newer) {
    put_component(said, 66, 3);
    put(said, 82, {3, 33, 0, 0, 2});
  }
  return said;
}
constexpr Said dram(bool is_newer) {
  Said said = begin({0x60, 0x1d, 0xcb, 0xb3, 0x9c, 0x06, 0x4e, 0xab, 0xb8, 0xaf, 0x4e, 0x9b, 0xfb, 0x5c, 0x96, 0x24},
                    kDegraded);
  put(said, 48, {0x00, 0x80});
  put(said, 56, {2, 1, 5, 0x59, is_newer ? std::uint8_t{7} : std::uint8_t{0}, 1});
  put(said, 66, {5, 2});       // group and bank
  put(said, 71, {0xde, 0xad}); // column
  if (is_newer) {
    put_component(said, 105, 1);
    put(said, 121, {8, 2, 14, 0, 0, 5});
  }
  return said;
}
constexpr Said module(bool is_newer) {
  Said said =
      begin({0xfe, 0x92, 0x74, 0x75, 0xdd, 0x59, 0x43, 0x39, 0xa5, 0x86, 0x79, 0xba, 0xb1, 0x13, 0xb7, 0x74}, 0);
  put(said, 48, {3, 2, 3, 0x38, 0, 0xde, 0xad, 0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef});
  if (is_newer) {
    put(said, 67, {3, 0});
    put_component(said, 69, 2);
    said[85] = 3;
  }
  return said;
}

enum class Record : std::uint8_t { maintenance, replacement, media, dram, module };
Said said_of(Record record, bool is_newer) {
  switch (record) {
  case Record::maintenance:
    return kMaintenance;
  case Record::replacement:
    return kReplacement;
  case Record::media:
    return media(is_newer);
  case Record::dram:
    return dram(is_newer);
  case Record::module:
    return module(is_newer);
  }
  return {};
}
CxlTraceKind kind_of(Record record) { // __cxl_event_trace_record(): by the record's id
  switch (record) {
  case Record::media:
    return CxlTraceKind::general_media;
  case Record::dram:
    return CxlTraceKind::dram;
  case Record::module:
    return CxlTraceKind::memory_module;
  default:
    return CxlTraceKind::generic;
  }
}

// cxl_mock_add_event_logs(), in the order in which the kernel asks for logs. Of Failure two more are made than it
// keeps.
constexpr Record kFatal[] = {Record::replacement, Record::dram};
constexpr Record kFailure[] = {Record::maintenance, Record::replacement, Record::dram,        Record::media,
                               Record::module,      Record::replacement, Record::dram,        Record::replacement,
                               Record::replacement, Record::replacement, Record::replacement, Record::replacement,
                               Record::replacement, Record::replacement, Record::replacement};
constexpr Record kInformational[] = {Record::maintenance, Record::media, Record::module};
struct Log {
  std::uint32_t type; // enum cxl_event_log_type
  std::span<const Record> records;
  std::uint8_t overflowed;
};
constexpr Log kLogs[] = {{3, kFatal, 0}, {2, kFailure, 2}, {0, kInformational, 0}};

void trace_record(const Scope& scope, const cxl::CxlMemdevRecord& memdev, std::uint32_t log, Record record,
                  std::uint16_t handle) {
  CxlTraceRecord event = trace_record_of(scope, memdev, kind_of(record));
  event.log = log;
  event.said = said_of(record, scope.store->profile().pci_says_more);
  put(event.said, 20, {static_cast<std::uint8_t>(handle), static_cast<std::uint8_t>(handle >> 8U)});
  if (event.kind == CxlTraceKind::general_media || event.kind == CxlTraceKind::dram) {
    name_region(scope, memdev, said::dpa(event), event);
  }
  trace_into_buffers(scope, event);
}

// mock_get_event(): the first was 5 s ago, the last one 1 s.
void trace_overflow(const Scope& scope, const cxl::CxlMemdevRecord& memdev, const Log& log) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  CxlTraceRecord event = trace_record_of(scope, memdev, CxlTraceKind::overflow);
  event.log = log.type;
  event.said[2] = log.overflowed;
  const std::uint64_t now = clock_ns(CLOCK_REALTIME);
  std::size_t at = 4;
  for (const std::uint64_t time : {now - 5 * kSecond, now - kSecond}) {
    for (unsigned byte = 0; byte < 8; ++byte) {
      event.said[at++] = static_cast<std::uint8_t>(time >> (8 * byte));
    }
  }
  trace_into_buffers(scope, event);
}

} // namespace

void trace_mock_events(const Scope& scope, const cxl::CxlMemdevRecord& memdev) {
  for (const Log& log : kLogs) {
    std::uint16_t handle = 0;
    for (const Record record : log.records) {
      trace_record(scope, memdev, log.type, record, ++handle);
      if (handle == 1 && log.overflowed != 0) { // told of with the first answer; clearing ends it
        trace_overflow(scope, memdev, log);
      }
    }
  }
}

} // namespace daxemu::sysfs
