// What a trace says of a pgmap's callbacks.
#pragma once

#include <string_view>

#include "emu/mm/folio.hpp"
#include "emu/trace/trace.hpp"

namespace daxemu::pgmap {

// The callback `name` of dev_pagemap_ops was called with `nr_pages` pages from `pfn` on; it began at `since`.
inline void trace_callback(std::uint64_t since, std::string_view name, Pfn pfn, std::uint64_t nr_pages) {
  trace::note_since(since, [&] {
    return trace::Event{.length = nr_pages << kPageShift,
                        .address = pfn.value() << kPageShift,
                        .kind = trace::Kind::callback,
                        .text = name};
  });
}

} // namespace daxemu::pgmap
