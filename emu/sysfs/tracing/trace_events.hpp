// The events of the system `cxl` (drivers/cxl/core/trace.h) as tables: what lies where in one, and what a line says of
// it. What formats there are was seen in guests of 6.12 and 7.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "emu/store/records/trace_event_records.hpp"

namespace daxemu::sysfs {

using store::CxlTraceKind;
using store::CxlTraceRecord;

// Which kernels have a row: those with aliases of host addresses say more of everything.
enum class Since : std::uint8_t { always, newer, older };
struct TraceForm {
  bool is_newer = false;
  [[nodiscard]] bool has(Since since) const { return since == Since::always || (since == Since::newer) == is_newer; }
};

using Number = std::uint64_t (*)(const CxlTraceRecord&);
using Bytes = std::span<const std::uint8_t> (*)(const CxlTraceRecord&);
using Words = std::string_view (*)(const CxlTraceRecord&);

// A member of the event: one of the three is there.
struct TraceField {
  std::string_view declaration;
  std::string_view name; // its last word, without brackets
  std::uint8_t size;     // bytes; of a text, of where that is said to be (__data_loc)
  bool is_signed;
  Since since;
  Number number = nullptr;
  Bytes bytes = nullptr;
  Words words = nullptr;
};

// A word for a number, or for a bit of one.
struct Named {
  std::uint64_t value;
  std::string_view word;
};
enum class Style : std::uint8_t {
  decimal,
  signed_16,
  hex,    // %llx
  hex_0x, // 0x%llx
  text,   // %s
  uuid,   // %pUb
  bytes,  // __print_hex; of none 0x00
  symbol, // __print_symbolic
  flags,  // __print_flags with "|"
  pipe,   // __print_flags with " | "
};
// A piece of a line: ` what=value`, in quotes if `before` ends with one.
struct TracePiece {
  std::string_view before;
  Style style;
  Since since;
  Number number = nullptr;
  Bytes bytes = nullptr;
  Words words = nullptr;
  std::span<const Named> names = {};
  std::string_view behind = "";
};

struct TraceEvent {
  CxlTraceKind kind;
  std::string_view name;
  std::uint16_t id;                 // in the 7.3 guest; every kernel has another
  std::span<const TraceField> head; // what several begin with
  std::span<const TraceField> own;
  std::span<const TracePiece> line_head;
  std::span<const TracePiece> line;
};

[[nodiscard]] std::span<const TraceEvent> trace_events();
[[nodiscard]] const TraceEvent& trace_event_of(CxlTraceKind kind);

} // namespace daxemu::sysfs
