// What a trace says of mappings and faults: one function per tracepoint, so that the code it stands in stays readable.
#pragma once

#include <sys/mman.h>

#include "emu/trace/site.hpp"
#include "emu/trace/trace.hpp"
#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/mappings/vma.hpp"

namespace daxemu::fault {

// A touch at `address` was served, or answered by SIGBUS. `since` is trace::begin()'s answer when it arrived; `thread`
// is who touched, 0: this one; `site`: where, as trace::site(). `place`: what an earlier call for this touch returned.
inline std::uint64_t trace_fault(std::uint64_t since, trace::Kind kind, const Vma& vma, std::uint64_t address,
                                 pid_t thread, std::uint64_t site, std::uint64_t place = 0) {
  return trace::note_since(
      since,
      [&] {
        const std::uint64_t align = vma.view->align();
        return trace::Event{.offset = align_down(vma.offset_of(address), align),
                            .length = align,
                            .address = address,
                            .site = site,
                            .tid = thread,
                            .minor = vma.view->device().minor,
                            .kind = kind};
      },
      place);
}

// [start, start + length) was mapped from byte `offset` of the device; value: PROT_ bits.
inline void trace_map(std::uint64_t since, const Vma& vma) {
  trace::note_since(since, [&] {
    return trace::Event{.offset = vma.offset,
                        .length = vma.end - vma.start,
                        .address = vma.start,
                        .value = vma.prot,
                        .site = trace::call_site(),
                        .minor = vma.view->device().minor,
                        .kind = trace::Kind::map};
  });
}

// The part [from, to) of `vma` is no longer mapped.
inline void trace_unmap(const Vma& vma, std::uint64_t from, std::uint64_t to) {
  trace::note([&] {
    return trace::Event{.offset = vma.offset_of(from),
                        .length = to - from,
                        .address = from,
                        .site = trace::call_site(),
                        .minor = vma.view->device().minor,
                        .kind = trace::Kind::unmap};
  });
}

} // namespace daxemu::fault
