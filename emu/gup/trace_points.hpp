// What a trace says of pins.
#pragma once

#include "emu/gup/grab.hpp"
#include "emu/trace/trace.hpp"

namespace daxemu::gup {

// `nr_pages` from the start of `run` on were pinned (Kind::pin) or unpinned.
inline void trace_pin(trace::Kind kind, const PageRun& run, std::uint64_t nr_pages) {
  trace::note([&] {
    return trace::Event{
        .offset = run.pgoff << kPageShift, .length = nr_pages << kPageShift, .minor = run.device->minor, .kind = kind};
  });
}

} // namespace daxemu::gup
