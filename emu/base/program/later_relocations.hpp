// Tables that point to text, functions and other tables are what a loader has most to do with in a shared library: it
// writes the addresses, and each page it writes to is then a copy of this process's own. Most programs never ask for
// what these tables describe. So a library may be linked (runtime/preload/link) so that the loader leaves them out, and
// whoever is about to read one says tables_ready() first. Everywhere else the loader has done it all, and that is a
// load and a branch.
#pragma once

#include <atomic>
#include <cstdint>

namespace daxemu {

// What has been left out, in the addresses of the library's file; written by runtime/preload/link.
struct LaterRelocations {
  std::uint64_t own;     // where this lies
  std::uint64_t entries; // the first Elf64_Rela, each of R_X86_64_RELATIVE
  std::uint64_t count;
  std::uint64_t protected_begin; // the pages that the loader makes read-only once it has relocated (PT_GNU_RELRO)
  std::uint64_t protected_end;
};

namespace detail {
extern constinit std::atomic<bool> tables_are_ready;
void make_tables_ready() noexcept;
} // namespace detail

// Such a table, where it is not all of a folder's (runtime/preload/CMakeLists.txt): on its definition.
#define DAXEMU_LATER_TABLE __attribute__((section(".data.rel.ro.daxemu_later")))

// From here on every table can be read. Waits for nobody and takes no lock: a signal handler, a forked and a vforked
// child may be what calls it, in the middle of somebody else's call.
inline void tables_ready() noexcept {
  if (!detail::tables_are_ready.load(std::memory_order_acquire)) [[unlikely]] {
    detail::make_tables_ready();
  }
}

} // namespace daxemu
