// A buffer of traced events, and how it reads: as pages of the kernel's ring buffer (kernel/trace/ring_buffer.c;
// events/header_page and header_event say the form) and as text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "emu/store/trace_event_records.hpp"
#include "emu/sysfs/schema/text.hpp"

namespace daxemu::sysfs {

inline constexpr std::size_t kTracePage = 4096;
inline constexpr std::uint16_t kPoisonEventId =
    1373; // events/cxl/cxl_poison/id of the 7.3 guest; every kernel has another

// Unless it is off or does not want it. The oldest event gives way.
void add_event(store::TraceBufferRecord& buffer, const store::PoisonTraceRecord& event);
[[nodiscard]] inline bool is_empty(const store::TraceBufferRecord& buffer) {
  return buffer.first == buffer.next;
}
[[nodiscard]] const store::PoisonTraceRecord& event_at(const store::TraceBufferRecord& buffer, std::uint64_t number);

// The form of an event, which kernels with aliases of host addresses (hpa_alias0) have larger.
struct PoisonForm {
  bool has_alias = false;
};
// An event as it lies in the buffer. Returns its length, a multiple of 4.
std::size_t encode(const store::PoisonTraceRecord& event, PoisonForm form, std::span<std::byte> into);
// The oldest events, as far as a page has room, are put there and taken out. Returns bytes: a page, or 0 for none.
std::size_t take_page(store::TraceBufferRecord& buffer, PoisonForm form, std::span<std::byte, kTracePage> into);

// A line of `trace` and `trace_pipe`.
void put_line(const store::PoisonTraceRecord& event, PoisonForm form, Text& out);
// events/cxl/cxl_poison/format
void put_format(PoisonForm form, Text& out);

} // namespace daxemu::sysfs
