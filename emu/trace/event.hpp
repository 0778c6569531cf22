// One thing that happened to a device: what a trace is made of.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "emu/base/text/fixed_string.hpp"

namespace daxemu::trace {

enum class Kind : std::uint16_t {
  process,     // a process joined the trace; text: its name
  fault,       // a first touch was served; duration: from the fault's arrival to its answer
  map,         // mmap; value: PROT_ and MAP_ bits
  unmap,       // a mapping went, by munmap, replacement or exit
  pin,         // pin_user_pages, or text: the call by which the kernel holds pages itself (mm::kHoldNames)
  unpin,       // their release
  callback,    // one of a pgmap's ops was called; text: which
  poison,      // memory_failure; value: its flags
  sysfs_write, // text: the attribute and what was written; value: errno, 0 if taken
  sigbus,      // a touch was answered by SIGBUS; value: si_code
  module,      // code that sites lie in; text: its path, piece `value` of it; offset: its load bias
  device,      // a device of this process alone was made; text: its name, length: its size, value: its extents' size
  refusal,     // a call was refused, or a touch answered by SIGBUS (value 0), for a noted reason; text: the call
};
inline constexpr std::size_t kKinds = 13;

// Every field that does not apply is zero. Trivially copyable: it lies in shared memory as it is.
struct Event {
  std::uint64_t begin_ns = 0;    // CLOCK_MONOTONIC, the same for all processes
  std::uint64_t duration_ns = 0; // 0: it has no length
  std::uint64_t offset = 0;      // bytes from the device's start
  std::uint64_t length = 0;      // bytes
  std::uint64_t address = 0;     // in the process; of poison and callback, which know no device: physical
  std::int64_t value = 0;        // what it says depends on the kind
  std::uint64_t site = 0;        // return address of the call, 0: not noted
  std::int32_t pid = 0;
  std::int32_t tid = 0;    // thread it happened to, which another may have noted
  std::uint32_t minor = 0; // the device: DeviceRecord::minor
  Kind kind = Kind::process;
  std::uint16_t reason = 0; // of refusal and sysfs_write: trace::Reason; its numbers: address, length, offset
  FixedString<48> text = {};
};
static_assert(sizeof(Event) == 120);

// As it is written in files: "fault", "sysfs_write"; "?" for no kind of ours.
[[nodiscard]] std::string_view name_of(Kind kind);

} // namespace daxemu::trace
