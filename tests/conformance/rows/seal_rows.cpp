// mseal: what is sealed stays as it is. Kernels before 6.10 have no such call, and do then what they always do.
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

constexpr long kMseal = 462; // newer than the C library's headers

long seal(void* at, std::uint64_t length, unsigned long flags = 0) {
  return ::syscall(kMseal, at, length, flags);
}

// Three extents between free addresses, untouched: 6.1 loses entries of 1G when a protection changes.
View three(const Device& d) {
  needs_extents(d, 3);
  char* base = free_range(d, 5 * d.align) + d.align;
  if (::mmap(base, 3 * d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0) == MAP_FAILED) {
    throw Stop{"setup mmap " + last_error()};
  }
  return {base, 3 * d.align};
}

// Of each extent: is it still mapped, and can its protection be changed to what it is?
std::string state(const Device& d, const View& view) {
  std::string text;
  for (std::uint64_t i = 0; i < 3; ++i) {
    char* at = view.base + i * d.align;
    text += (i == 0 ? "[" : "|") + said(::msync(at, kPage, MS_ASYNC)) + "," + said(::mprotect(at, d.align, kReadWrite));
  }
  return text + "]";
}

std::string placed(const void* got) {
  return got == MAP_FAILED ? last_error() : "ok";
}

struct Change {
  const char* name;
  std::string (*make)(const Device& d, const View& view);
};

// What is tried on three extents of which the second is sealed.
constexpr Change kChanges[] = {
    {"munmap.sealed", [](const Device& d, const View& v) { return said(::munmap(v.at(d.align), d.align)); }},
    {"munmap.all", [](const Device&, const View& v) { return said(::munmap(v.base, v.length)); }},
    {"munmap.others", [](const Device& d, const View& v) { return said(::munmap(v.base, d.align)); }},
    {"munmap.half-before", [](const Device& d, const View& v) { return said(::munmap(v.at(d.align / 2), d.align)); }},
    {"munmap.half-of-it", [](const Device& d, const View& v) { return said(::munmap(v.at(d.align), d.align / 2)); }},
    {"mprotect.sealed",
     [](const Device& d, const View& v) { return said(::mprotect(v.at(d.align), d.align, PROT_READ)); }},
    {"mprotect.all", [](const Device&, const View& v) { return said(::mprotect(v.base, v.length, PROT_READ)); }},
    {"mprotect.same",
     [](const Device& d, const View& v) { return said(::mprotect(v.at(d.align), d.align, kReadWrite)); }},
    {"mmap-fixed.sealed",
     [](const Device& d, const View& v) {
       return placed(::mmap(v.at(d.align), d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0));
     }},
    {"mmap-fixed.anonymous",
     [](const Device& d, const View& v) {
       return placed(::mmap(v.at(d.align), kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
     }},
    {"mremap.same",
     [](const Device& d, const View& v) { return placed(::mremap(v.at(d.align), d.align, d.align, MREMAP_MAYMOVE)); }},
    {"mremap.shrink",
     [](const Device& d, const View& v) { return placed(::mremap(v.at(d.align), d.align, kPage, 0)); }},
    {"mremap.away",
     [](const Device& d, const View& v) {
       return placed(::mremap(v.at(d.align), d.align, d.align, MREMAP_MAYMOVE | MREMAP_FIXED, free_range(d, d.align)));
     }},
    {"mremap.onto",
     [](const Device& d, const View& v) {
       return placed(::mremap(v.base, d.align, d.align, MREMAP_MAYMOVE | MREMAP_FIXED, v.at(d.align)));
     }},
    {"mremap.onto-itself",
     [](const Device& d, const View& v) {
       return placed(::mremap(v.at(d.align), d.align, d.align, MREMAP_MAYMOVE | MREMAP_FIXED, v.at(d.align)));
     }},
    {"mremap.of-it-and-more",
     [](const Device& d, const View& v) {
       return placed(::mremap(v.at(d.align), 2 * d.align, 2 * d.align, MREMAP_MAYMOVE | MREMAP_FIXED,
                              free_range(d, 2 * d.align)));
     }},
    {"remap_file_pages",
     [](const Device& d, const View& v) { return said(::remap_file_pages(v.at(d.align), d.align, 0, 0, 0)); }},
    {"madvise.dontneed",
     [](const Device& d, const View& v) { return said(::madvise(v.at(d.align), d.align, MADV_DONTNEED)); }},
    {"madvise.random",
     [](const Device& d, const View& v) { return said(::madvise(v.at(d.align), d.align, MADV_RANDOM)); }},
    {"mseal.again", [](const Device&, const View& v) { return said(seal(v.base, v.length)); }},
    {"child.munmap",
     [](const Device& d, const View& v) { return in_child([&] { return said(::munmap(v.at(d.align), d.align)); }); }},
};

struct Wish {
  const char* name;
  std::string (*make)(const Device& d, const View& view);
};

constexpr Wish kWishes[] = {
    {"whole", [](const Device&, const View& v) { return said(seal(v.base, v.length)); }},
    {"middle", [](const Device& d, const View& v) { return said(seal(v.at(d.align), d.align)); }},
    {"nothing", [](const Device&, const View& v) { return said(seal(v.base, 0)); }},
    {"flag", [](const Device&, const View& v) { return said(seal(v.base, v.length, 1)); }},
    {"odd-address", [](const Device& d, const View& v) { return said(seal(v.at(1), d.align)); }},
    {"past-the-end", [](const Device& d, const View& v) { return said(seal(v.base, v.length + d.align)); }},
    {"too-long", [](const Device&, const View& v) { return said(seal(v.base, ~std::uint64_t{0})); }},
    {"from-inside-an-extent", [](const Device& d, const View& v) { return said(seal(v.at(d.align / 2), d.align)); }},
    {"to-inside-an-extent", [](const Device& d, const View& v) { return said(seal(v.at(d.align), d.align / 2)); }},
};

} // namespace

void add_seal_rows(Table& table) {
  for (const Wish& wish : kWishes) {
    table.add(std::string("mseal.") + wish.name, [wish](const Device& d) {
      const View view = three(d);
      const std::string result = wish.make(d, view);
      return line({result, state(d, view)});
    });
  }
  for (const Change& change : kChanges) {
    table.add(std::string("mseal.then.") + change.name, [change](const Device& d) {
      const View view = three(d);
      const std::string sealed = said(seal(view.at(d.align), d.align));
      const std::string result = change.make(d, view);
      return line({sealed, result, state(d, view)});
    });
  }
  table.add("mseal.then.touch", [](const Device& d) {
    const View view = three(d);
    (void)seal(view.base, view.length);
    return line({store_text(view.base), load_text(view.base)});
  });
}

} // namespace conformance
