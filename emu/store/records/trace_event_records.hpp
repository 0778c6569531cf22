// What the kernel of the platform has traced of CXL: the buffers of /sys/kernel/tracing, its own and those of its
// instances. One CPU writes them all. A writer holds a Change.
#pragma once

#include <array>
#include <cstdint>

#include "emu/base/text/fixed_string.hpp"
#include "emu/store/records/nd_records.hpp"

namespace daxemu::store {

inline constexpr std::size_t kMaxTraceInstances = 3;
inline constexpr std::size_t kMaxTraceEvents =
    72; // that a buffer keeps, more than a poison list has; older ones give way
inline constexpr std::size_t kCxlEventRecordSize = 0x80; // struct cxl_event_record_raw

// Events of the system `cxl` (drivers/cxl/core/trace.h) that something here makes.
enum class CxlTraceKind : std::uint32_t { poison, overflow, generic, general_media, dram, memory_module };

// An event: what was known when it was traced.
struct CxlTraceRecord {
  std::uint64_t time = 0; // CLOCK_MONOTONIC in ns, as the trace clock `local`
  std::int32_t pid = 0;   // of the thread that made the kernel say it
  CxlTraceKind kind = CxlTraceKind::poison;
  FixedString<16> command;
  FixedString<16> memdev;
  FixedString<32> host;
  std::uint64_t serial = 0;
  // Of poison, and of an event with an address.
  FixedString<16> region; // empty: no region has the byte
  Uuid uuid{};
  std::uint64_t hpa = 0; // ~0: none
  // Of poison.
  std::uint64_t dpa = 0;
  std::uint32_t length = 0; // bytes
  std::uint32_t source = 0;
  std::uint32_t trace_type = 0; // enum cxl_poison_trace_type
  // Of the others: the log (enum cxl_event_log_type), and what the device said: a record (struct
  // cxl_event_record_raw); of an overflow the beginning of its answer (struct cxl_get_event_payload).
  std::uint32_t log = 0;
  std::array<std::uint8_t, kCxlEventRecordSize> said{};
};

struct TraceBufferRecord {
  FixedString<64> name;      // of an instance
  std::uint32_t used = 0;    // 0: there is no such instance
  std::uint32_t off = 0;     // 1: tracing_on is 0
  std::uint32_t enabled = 0; // bit N: events/cxl/*/enable of the CxlTraceKind N
  std::uint64_t first = 0;   // number of the oldest event that was not read
  std::uint64_t next = 0;    // of the next one to be traced
  std::uint64_t lost = 0;    // that gave way before anybody read them
  std::array<CxlTraceRecord, kMaxTraceEvents> events{};
};

// The top one is always there.
struct TraceBuffersRecord {
  TraceBufferRecord top;
  std::array<TraceBufferRecord, kMaxTraceInstances> instances{};
};

} // namespace daxemu::store
