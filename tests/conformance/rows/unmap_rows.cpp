// munmap and mprotect: a mapping splits only between extents.
#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

// A part of a mapping of three extents.
struct Part {
  const char* name;
  std::int64_t (*offset)(const Device&);
  std::uint64_t (*length)(const Device&);
};

constexpr Part kParts[] = {
    {"whole", [](const Device&) -> std::int64_t { return 0; }, [](const Device& d) { return 3 * d.align; }},
    {"first-extent", [](const Device&) -> std::int64_t { return 0; }, [](const Device& d) { return d.align; }},
    {"middle-extent", [](const Device& d) { return static_cast<std::int64_t>(d.align); },
     [](const Device& d) { return d.align; }},
    {"last-extent", [](const Device& d) { return static_cast<std::int64_t>(2 * d.align); },
     [](const Device& d) { return d.align; }},
    {"head-page", [](const Device&) -> std::int64_t { return 0; }, [](const Device&) { return kPage; }},
    {"tail-page", [](const Device& d) { return static_cast<std::int64_t>(3 * d.align - kPage); },
     [](const Device&) { return kPage; }},
    {"half-extent", [](const Device&) -> std::int64_t { return 0; }, [](const Device& d) { return d.align / 2; }},
    {"all-but-head-page", [](const Device&) { return static_cast<std::int64_t>(kPage); },
     [](const Device& d) { return 3 * d.align - kPage; }},
    {"one-byte-short", [](const Device&) -> std::int64_t { return 0; },
     [](const Device& d) { return 3 * d.align - 1; }},
    {"odd-address", [](const Device&) -> std::int64_t { return 1; }, [](const Device& d) { return d.align; }},
    {"zero-length", [](const Device&) -> std::int64_t { return 0; }, [](const Device&) -> std::uint64_t { return 0; }},
    {"across-the-end", [](const Device& d) { return static_cast<std::int64_t>(2 * d.align); },
     [](const Device& d) { return 2 * d.align; }},
    {"around-it", [](const Device&) { return -static_cast<std::int64_t>(kPage); },
     [](const Device& d) { return 3 * d.align + 2 * kPage; }},
    {"before-into-head-page", [](const Device&) { return -static_cast<std::int64_t>(kPage); },
     [](const Device&) { return 2 * kPage; }},
};

struct Prot {
  const char* name;
  int value;
};

// Three extents between free addresses, each marked with its number.
View three(const Device& d) {
  needs_extents(d, 3);
  char* base = free_range(d, 5 * d.align) + d.align;
  void* got = ::mmap(base, 3 * d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0);
  if (got == MAP_FAILED) {
    throw Stop{"setup mmap " + last_error()};
  }
  char* marks = entries_get_lost(d) ? mapped(d, 3).base : base;
  for (std::uint64_t i = 0; i < 3; ++i) {
    store(marks + i * d.align, static_cast<unsigned char>(0x10 + i));
  }
  return {base, 3 * d.align};
}

std::string state(const Device& d, const View& view, bool stores) {
  std::string text;
  for (std::uint64_t i = 0; i < 3; ++i) {
    char* at = view.base + i * d.align;
    text += (i == 0 ? "[" : "|") + load_text(at, static_cast<unsigned char>(0x10 + i));
    if (stores) {
      text += "," + store_text(at, static_cast<unsigned char>(0x10 + i));
    }
  }
  return text + "]";
}

} // namespace

void add_unmap_rows(Table& table) {
  for (const Part& part : kParts) {
    table.add(std::string("munmap.part=") + part.name, [part](const Device& d) {
      const View view = three(d);
      const std::string result = said(::munmap(view.base + part.offset(d), part.length(d)));
      return line({result, state(d, view, false)});
    });
    table.add(std::string("munmap.untouched.part=") + part.name, [part](const Device& d) {
      needs_extents(d, 3);
      char* base = free_range(d, 5 * d.align) + d.align;
      (void)::mmap(base, 3 * d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0);
      return said(::munmap(base + part.offset(d), part.length(d)));
    });
    for (const Prot& prot : {Prot{"none", PROT_NONE}, Prot{"r", PROT_READ}}) {
      table.add(std::string("mprotect.prot=") + prot.name + ".part=" + part.name, [part, prot](const Device& d) {
        const View view = three(d);
        const std::string result = said(::mprotect(view.base + part.offset(d), part.length(d), prot.value));
        return line({result, state(d, view, true)});
      });
    }
  }
  table.add("munmap.then-map-again", [](const Device& d) {
    const View view = three(d);
    ::munmap(view.base, view.length);
    void* got = ::mmap(view.base, d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0);
    return line({got == MAP_FAILED ? last_error() : "ok", load_text(view.base, 0x10)});
  });
  table.add("munmap.twice", [](const Device& d) {
    const View view = three(d);
    const std::string first = said(::munmap(view.base, view.length));
    return line({first, said(::munmap(view.base, view.length))});
  });
  for (const Prot& prot :
       {Prot{"w", PROT_WRITE}, Prot{"rw", kReadWrite}, Prot{"rx", PROT_READ | PROT_EXEC},
        Prot{"rwx", kReadWrite | PROT_EXEC}, Prot{"growsdown", kReadWrite | PROT_GROWSDOWN}, Prot{"unknown", 0x4000}}) {
    table.add(std::string("mprotect.prot=") + prot.name + ".part=whole", [prot](const Device& d) {
      const View view = three(d);
      const std::string result = said(::mprotect(view.base, view.length, prot.value));
      return line({result, state(d, view, true)});
    });
  }
  table.add("mprotect.none-and-back", [](const Device& d) {
    const View view = three(d);
    ::mprotect(view.base, view.length, PROT_NONE);
    const std::string result = said(::mprotect(view.base, view.length, kReadWrite));
    return line({result, state(d, view, true)});
  });
  table.add("mprotect.more-than-the-descriptor", [](const Device& d) {
    void* base = ::mmap(nullptr, d.align, PROT_READ, MAP_SHARED, opened(d, O_RDONLY), 0);
    if (base == MAP_FAILED) {
      return last_error();
    }
    return line({said(::mprotect(base, d.align, kReadWrite)), "w=" + store_text(base)});
  });
  table.add("mprotect.read-mapping-to-write", [](const Device& d) {
    const View view = mapped(d, 1, 0, PROT_READ);
    if (!entries_get_lost(d)) {
      (void)load(view.base);
    }
    return line({said(::mprotect(view.base, view.length, kReadWrite)), "w=" + store_text(view.base)});
  });
  table.add("mprotect.pkey", [](const Device& d) {
    const View view = three(d);
    return said(::pkey_mprotect(view.base, view.length, PROT_READ, -1));
  });
}

} // namespace conformance
