// Where mappings land: hints, MAP_FIXED, MAP_FIXED_NOREPLACE, and the alignment of a free choice.
#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

enum class At { free, free_4k, free_odd, free_half, taken, taken_4k, own, high };

struct Hint {
  const char* name;
  At at;
};

struct Word {
  const char* name;
  int value;
};

constexpr Hint kHints[] = {{"free", At::free},           {"free+4k", At::free_4k},      {"free+1b", At::free_odd},
                           {"free+half", At::free_half}, {"taken", At::taken},          {"taken+4k", At::taken_4k},
                           {"own-mapping", At::own},     {"above-user-space", At::high}};
constexpr Word kFixed[] = {{"no", 0}, {"yes", MAP_FIXED}, {"noreplace", MAP_FIXED_NOREPLACE}};

constexpr unsigned char kOld = 0x77;

char* address_for(const Device& d, At at) {
  char* base = free_range(d, 4 * d.align);
  switch (at) {
  case At::free:
    return base;
  case At::free_4k:
    return base + kPage;
  case At::free_odd:
    return base + 1;
  case At::free_half:
    return base + d.align / 2;
  case At::taken:
  case At::taken_4k: {
    void* other = ::mmap(base, 2 * d.align, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (other != base) {
      throw Stop{"setup taken " + last_error()};
    }
    *base = static_cast<char>(kOld);
    return at == At::taken ? base : base + kPage;
  }
  case At::own:
    return mapped(d, 2).base;
  case At::high:
    return reinterpret_cast<char*>((1ULL << 60) + d.align);
  }
  return nullptr;
}

std::string place_said(const Device& d, At at, int fixed, std::uint64_t length) {
  needs_extents(d, 2);
  const int fd = opened(d);
  char* hint = address_for(d, at);
  void* base = MAP_FAILED;
  // Where the kernel chooses freely it may be aligned by luck: one refusal in three tries is the rule.
  for (int tries = 0; tries < 3; ++tries) {
    base = ::mmap(hint, length, kReadWrite, MAP_SHARED | fixed, fd, 0);
    if (base == MAP_FAILED || base == hint || tries == 2) {
      break;
    }
    ::munmap(base, length);
    (void)anonymous(kPage, PROT_NONE);
  }
  if (base == MAP_FAILED) {
    const std::string error = last_error();
    if (at == At::taken || at == At::own) {
      return line({error, "old=" + load_text(hint)});
    }
    return error;
  }
  const bool aligned = reinterpret_cast<std::uintptr_t>(base) % d.align == 0;
  return line({"ok", base == hint ? "at=hint" : (aligned ? "at=aligned" : "at=misaligned"), "r=" + load_text(base),
               "w=" + store_text(base)});
}

} // namespace

void add_mmap_place_rows(Table& table) {
  for (const Hint& hint : kHints) {
    for (const Word& fixed : kFixed) {
      table.add(std::string("place.hint=") + hint.name + ".fixed=" + fixed.name,
                [hint, fixed](const Device& d) { return place_said(d, hint.at, fixed.value, d.align); });
    }
  }
  table.add("place.hint=free.fixed=yes.len=1A+4k",
            [](const Device& d) { return place_said(d, At::free, MAP_FIXED, d.align + kPage); });
  table.add("place.hint=free.fixed=both",
            [](const Device& d) { return place_said(d, At::taken, MAP_FIXED | MAP_FIXED_NOREPLACE, d.align); });
  table.add("place.failed-fixed-destroys-what-was-there", [](const Device& d) {
    char* base = address_for(d, At::taken);
    void* got = ::mmap(base, d.align, kReadWrite, MAP_PRIVATE | MAP_FIXED, opened(d), 0);
    return line({got == MAP_FAILED ? last_error() : "ok", "old=" + load_text(base)});
  });
  table.add("place.fixed-over-half-of-own", [](const Device& d) {
    const View view = mapped(d, 2);
    store(view.base, 1);
    void* got = ::mmap(view.base + d.align, d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0);
    return line({got == MAP_FAILED ? last_error() : "ok", "first=" + load_text(view.base, 1),
                 "alias=" + load_text(view.base + d.align, 1)});
  });
  table.add("place.anonymous-fixed-inside-own", [](const Device& d) {
    const View view = mapped(d, 2);
    void* got = ::mmap(view.base + d.align, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return line({got == MAP_FAILED ? last_error() : "ok", "first=" + load_text(view.base),
                 "second=" + load_text(view.base + d.align), "after=" + load_text(view.base + 2 * d.align - 1)});
  });
  table.add("place.anonymous-fixed-over-one-extent", [](const Device& d) {
    needs_extents(d, 3);
    const View view = mapped(d, 3);
    void* got = ::mmap(view.base + d.align, d.align, kReadWrite,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    return line({got == MAP_FAILED ? last_error() : "ok", "first=" + load_text(view.base),
                 "second=" + load_text(view.base + d.align), "third=" + load_text(view.base + 2 * d.align)});
  });
  for (const std::uint64_t extents : {1, 2}) {
    table.add("place.unhinted.aligned.len=" + std::to_string(extents) + "A", [extents](const Device& d) {
      for (int i = 0; i < 20; ++i) {
        (void)anonymous(kPage * static_cast<std::uint64_t>(i % 3 + 1), PROT_NONE);
        const View view = mapped(d, extents);
        if (reinterpret_cast<std::uintptr_t>(view.base) % d.align != 0) {
          return std::string("misaligned");
        }
      }
      return std::string("aligned each time");
    });
  }
  table.add("place.same-extent-twice", [](const Device& d) {
    const View one = mapped(d);
    const View two = mapped(d);
    store(one.base, 0x31);
    const std::string forward = load_text(two.base, 0x31);
    store(two.base + 100, 0x32);
    return line({one.base == two.base ? "one place" : "two places", forward, load_text(one.base + 100, 0x32)});
  });
  table.add("place.neighbours-are-independent", [](const Device& d) {
    char* base = free_range(d, 4 * d.align);
    const int fd = opened(d);
    for (const std::uint64_t i : {0, 1}) {
      if (::mmap(base + i * d.align, d.align, kReadWrite, MAP_SHARED | MAP_FIXED, fd,
                 static_cast<off_t>(i * d.align)) == MAP_FAILED) {
        return "setup " + last_error();
      }
    }
    store(base, 1);
    store(base + d.align, 2);
    const std::string gone = said(::munmap(base + d.align, d.align));
    return line({"unmap=" + gone, "first=" + load_text(base, 1), "second=" + load_text(base + d.align)});
  });
}

} // namespace conformance
