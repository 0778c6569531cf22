#include "emu/base/program/valgrind.hpp"

#include <array>
#include <cstdint>

#include <link.h>

#include "emu/base/program/at_start.hpp"

// The header of the file that this is linked into, at the beginning of its memory; the linker's.
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); // NOLINT(bugprone-reserved-identifier)

namespace daxemu::sys {
namespace {

enum class Request : std::uint64_t {
  running_on_valgrind = 0x1001,
  helgrind_make_untracked = 0x48470127, // "HG"; address, length
  drd_start_suppression = 0x44520002,   // "DR"; address, length
};

// `otherwise` outside valgrind, and in a tool that does not know the request.
std::uint64_t ask(Request request, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t otherwise = 0) noexcept {
#if defined(__x86_64__)
  auto code = static_cast<std::uint64_t>(request);
  __asm__("" : "+r"(code)); // not out of a table of constants: that would be a page more for every program
  const std::array<std::uint64_t, 6> words{code, a, b};
  __asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
                   : "+d"(otherwise)
                   : "a"(words.data())
                   : "cc", "memory");
#else
  (void)request;
  (void)a;
  (void)b;
#endif
  return otherwise;
}

} // namespace

DAXEMU_START_PATH bool runs_in_valgrind() noexcept {
  return ask(Request::running_on_valgrind) != 0;
}

DAXEMU_START_PATH void keep_race_checkers_off(const void* start, std::size_t length) noexcept {
  const auto address = reinterpret_cast<std::uint64_t>(start);
  ask(Request::helgrind_make_untracked, address, length);
  ask(Request::drd_start_suppression, address, length);
}

DAXEMU_START_PATH void keep_race_checkers_off_own_data() noexcept {
  if (!runs_in_valgrind()) {
    return;
  }
  const auto base = reinterpret_cast<std::uintptr_t>(&__ehdr_start);
  const auto* segments = reinterpret_cast<const ElfW(Phdr)*>(base + __ehdr_start.e_phoff); // NOLINT: in our memory
  const bool relocated = __ehdr_start.e_type == ET_DYN;
  for (unsigned at = 0; at < __ehdr_start.e_phnum; ++at) {
    if (segments[at].p_type == PT_LOAD && (segments[at].p_flags & PF_W) != 0) {
      const std::uintptr_t start = segments[at].p_vaddr + (relocated ? base : 0);
      keep_race_checkers_off(reinterpret_cast<const void*>(start), segments[at].p_memsz); // NOLINT: as above
    }
  }
}

DAXEMU_START_PATH bool is_race_checked() noexcept {
  static char word = 0;
  const auto address = reinterpret_cast<std::uint64_t>(&word);
  return ask(Request::helgrind_make_untracked, address, sizeof word, 1) == 0 ||
         ask(Request::drd_start_suppression, address, sizeof word, 1) == 0;
}

} // namespace daxemu::sys
