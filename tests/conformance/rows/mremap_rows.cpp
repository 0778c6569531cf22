// mremap: every flag, growing, shrinking and moving, within and against the extents.
#include "tests/conformance/ask/bench.hpp"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

namespace conformance {
namespace {

enum class Target { none, free, free_4k, inside, taken };

struct Case {
  const char* name;
  std::int64_t from; // bytes from the start; extents in kA
  std::int64_t old_length;
  std::int64_t new_length;
  int flags;
  Target target = Target::none;
  bool untouched = false;
};

constexpr std::int64_t kA = 1LL << 40; // one extent, replaced by the device's
constexpr int kMove = MREMAP_MAYMOVE;
constexpr int kFixed = MREMAP_MAYMOVE | MREMAP_FIXED;
constexpr int kKeep = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;

std::int64_t bytes(std::int64_t value, const Device& d) {
  const std::int64_t extents = (value + kA / 2) / kA;
  return extents * static_cast<std::int64_t>(d.align) + (value - extents * kA);
}

constexpr Case kCases[] = {
    {"same", 0, 2 * kA, 2 * kA, 0},
    {"same.maymove", 0, 2 * kA, 2 * kA, kMove},
    {"shrink.1A", 0, 2 * kA, kA, 0},
    {"shrink.1A.maymove", 0, 2 * kA, kA, kMove},
    {"shrink.4k", 0, 2 * kA, 2 * kA - 4096, 0},
    {"shrink.to-4k", 0, 2 * kA, 4096, 0},
    {"shrink.to-0", 0, 2 * kA, 0, 0},
    {"grow.1A.in-place", 0, 2 * kA, 3 * kA, 0},
    {"grow.1A.maymove", 0, 2 * kA, 3 * kA, kMove},
    {"grow.4k.in-place", 0, 2 * kA, 2 * kA + 4096, 0},
    {"grow.4k.maymove", 0, 2 * kA, 2 * kA + 4096, kMove},
    {"grow.4k.in-place.untouched", 0, 2 * kA, 2 * kA + 4096, 0, Target::none, true},
    {"grow.1A.maymove.untouched", 0, 2 * kA, 3 * kA, kMove, Target::none, true},
    {"fixed.free.untouched", 0, 2 * kA, 2 * kA, kFixed, Target::free, true},
    {"fixed.free+4k.untouched", 0, 2 * kA, 2 * kA, kFixed, Target::free_4k, true},
    {"fixed.free", 0, 2 * kA, 2 * kA, kFixed, Target::free},
    {"fixed.free.shrink-1A", 0, 2 * kA, kA, kFixed, Target::free},
    {"fixed.free.shrink-4k", 0, 2 * kA, 2 * kA - 4096, kFixed, Target::free},
    {"fixed.free.grow-1A", 0, 2 * kA, 3 * kA, kFixed, Target::free},
    {"fixed.free+4k", 0, 2 * kA, 2 * kA, kFixed, Target::free_4k},
    {"fixed.inside-itself", 0, 2 * kA, 2 * kA, kFixed, Target::inside},
    {"fixed.taken", 0, 2 * kA, 2 * kA, kFixed, Target::taken},
    {"fixed.without-maymove", 0, 2 * kA, 2 * kA, MREMAP_FIXED, Target::free},
    {"fixed.first-extent", 0, kA, kA, kFixed, Target::free},
    {"fixed.second-extent", kA, kA, kA, kFixed, Target::free},
    {"fixed.head-page", 0, 4096, 4096, kFixed, Target::free},
    {"dontunmap", 0, 2 * kA, 2 * kA, kKeep},
    {"dontunmap.without-maymove", 0, 2 * kA, 2 * kA, MREMAP_DONTUNMAP},
    {"dontunmap.fixed", 0, 2 * kA, 2 * kA, kKeep | MREMAP_FIXED, Target::free},
    {"dontunmap.other-length", 0, 2 * kA, kA, kKeep},
    {"old-0.duplicates", 0, 0, 2 * kA, kMove},
    {"old-0.without-maymove", 0, 0, 2 * kA, 0},
    {"old-0.second-extent", kA, 0, kA, kMove},
    {"old-4k.grow-to-1A", 0, 4096, kA, kMove},
    {"beyond-the-mapping", 0, 3 * kA, 3 * kA, kMove},
    {"odd-address", 1, 2 * kA, 2 * kA, kMove},
    {"unknown-flag", 0, 2 * kA, 2 * kA, 64},
};

char* target_for(const Device& d, const Case& c, const View& view) {
  switch (c.target) {
  case Target::none:
    return nullptr;
  case Target::free:
    return free_range(d, 4 * d.align);
  case Target::free_4k:
    return free_range(d, 4 * d.align) + kPage;
  case Target::inside:
    return view.base + d.align;
  case Target::taken: {
    char* at = free_range(d, 4 * d.align);
    (void)::mmap(at, 2 * d.align, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    return at;
  }
  }
  return nullptr;
}

std::string mremap_said(const Device& d, const Case& c) {
  // Two extents with three free ones behind them, in the middle of the device when there is room.
  needs_extents(d, 3);
  char* base = free_range(d, 6 * d.align);
  if (::mmap(base, 2 * d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0) == MAP_FAILED) {
    return "setup mmap " + last_error();
  }
  const View view{base, 2 * d.align};
  char* marks = c.untouched || entries_get_lost(d) ? mapped(d, 2).base : base;
  store(marks, 0x21);
  store(marks + d.align, 0x22);
  (void)load(mapped(d, 1, 2).base);
  char* old = base + bytes(c.from, d);
  char* target = target_for(d, c, view);
  const auto length = static_cast<std::uint64_t>(bytes(c.new_length, d));
  void* got = ::mremap(old, static_cast<std::uint64_t>(bytes(c.old_length, d)), length, c.flags, target);
  const std::string before = line({"old=[" + load_text(base, 0x21), "|", load_text(base + d.align, 0x22) + "]"});
  if (got == MAP_FAILED) {
    return line({last_error(), before});
  }
  char* now = static_cast<char*>(got);
  const bool aligned = reinterpret_cast<std::uintptr_t>(now) % d.align == 0;
  const unsigned char mark = c.from == 0 ? 0x21 : 0x22;
  return line({"ok", now == old ? "stays" : (now == target ? "at-target" : (aligned ? "moved" : "moved-misaligned")),
               "first=" + load_text(now, mark), "last=" + load_text(now + length - 1), before});
}

} // namespace

void add_mremap_rows(Table& table) {
  for (const Case& c : kCases) {
    table.add(std::string("mremap.") + c.name, [c](const Device& d) { return mremap_said(d, c); });
  }
  table.add("mremap.grow-against-a-neighbour", [](const Device& d) {
    char* base = free_range(d, 4 * d.align);
    (void)::mmap(base, d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0);
    (void)::mmap(base + d.align, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return said_ok(reinterpret_cast<long>(::mremap(base, d.align, 2 * d.align, 0)));
  });
  table.add("mremap.grow-past-the-device", [](const Device& d) {
    const View view = mapped(d, 1, d.extents() - 1);
    void* got = ::mremap(view.base, d.align, 2 * d.align, MREMAP_MAYMOVE);
    if (got == MAP_FAILED) {
      return last_error();
    }
    char* now = static_cast<char*>(got);
    return line({"ok", "first=" + load_text(now), "beyond=" + load_text(now + d.align)});
  });
  table.add("mremap.across-two-mappings", [](const Device& d) {
    char* base = free_range(d, 4 * d.align);
    const int fd = opened(d);
    (void)::mmap(base, d.align, kReadWrite, MAP_SHARED | MAP_FIXED, fd, 0);
    (void)::mmap(base + d.align, d.align, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    return said_ok(
        reinterpret_cast<long>(::mremap(base, 2 * d.align, 2 * d.align, kFixed, free_range(d, 4 * d.align))));
  });
}

} // namespace conformance
