// A buffer of traced events, and how it reads: as pages of the kernel's ring buffer (kernel/trace/ring_buffer.c;
// events/header_page and header_event say the form) and as text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "emu/sysfs/schema/text.hpp"
#include "emu/sysfs/tracing/trace_events.hpp"

namespace daxemu::sysfs {

inline constexpr std::size_t kTracePage = 4096;
inline constexpr std::size_t kLongestTraceEvent = 512; // bytes
inline constexpr std::size_t kLongestTraceLine = 1536;

[[nodiscard]] constexpr std::uint32_t enable_bit(CxlTraceKind kind) {
  return 1U << static_cast<unsigned>(kind);
}
// Unless it is off or does not want it. The oldest event gives way.
void add_event(store::TraceBufferRecord& buffer, const CxlTraceRecord& event);
[[nodiscard]] inline bool is_empty(const store::TraceBufferRecord& buffer) {
  return buffer.first == buffer.next;
}
[[nodiscard]] const CxlTraceRecord& event_at(const store::TraceBufferRecord& buffer, std::uint64_t number);

// An event as it lies in the buffer. Returns its length, a multiple of 4.
std::size_t encode(const CxlTraceRecord& event, TraceForm form, std::span<std::byte> into);
// The oldest events, as far as a page has room, are put there and taken out. Returns bytes: a page, or 0 for none.
std::size_t take_page(store::TraceBufferRecord& buffer, TraceForm form, std::span<std::byte, kTracePage> into);

// A line of `trace` and `trace_pipe`.
void put_line(const CxlTraceRecord& event, TraceForm form, Text& out);
// events/cxl/*/format
void put_format(const TraceEvent& event, TraceForm form, Text& out);

} // namespace daxemu::sysfs
