// Who else runs or watches this process, as far as that decides which engine works in it.
#pragma once

#include "emu/store/records/records.hpp"

namespace daxemu::fault {

enum class Overseer {
  none,
  tracer,   // a debugger, strace
  valgrind, // any of its tools
};

// As it is now: a tracer may come and go. A system call or three; async-signal-safe.
[[nodiscard]] Overseer overseer() noexcept;

// The engine to start where `wanted` is asked for. In valgrind, which runs one thread at a time, a toucher would keep
// its turn while it waits for the handler's thread: *populate* in its place. A tracer reads memory from outside
// (access_remote_vm), where a userfaultfd's region is EIO until it is touched: *populate* where nothing was asked for
// by name, not even an event for each touch (`exact`).
[[nodiscard]] store::EngineKind engine_under(Overseer by, store::EngineKind wanted, bool exact) noexcept;

} // namespace daxemu::fault
