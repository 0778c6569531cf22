// madvise: every advice on the whole mapping and on parts of it, and what the mapping is afterwards.
//
// MADV_COLD and MADV_PAGEOUT are asked of extents of 4K and of untouched ones only: a 6.1 kernel takes a huge
// device-dax entry for a page table there, prints "bad pmd", loses the entry, and hangs at 1G extents: a bug, not a
// behaviour. MADV_HWPOISON and MADV_SOFT_OFFLINE are in poison_rows.cpp.
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace conformance {
namespace {

struct Word {
  const char* name;
  int value;
};

constexpr Word kAdvices[] = {{"normal", MADV_NORMAL},
                             {"random", MADV_RANDOM},
                             {"sequential", MADV_SEQUENTIAL},
                             {"willneed", MADV_WILLNEED},
                             {"dontneed", MADV_DONTNEED},
                             {"free", MADV_FREE},
                             {"remove", MADV_REMOVE},
                             {"dontfork", MADV_DONTFORK},
                             {"dofork", MADV_DOFORK},
                             {"mergeable", MADV_MERGEABLE},
                             {"unmergeable", MADV_UNMERGEABLE},
                             {"hugepage", MADV_HUGEPAGE},
                             {"nohugepage", MADV_NOHUGEPAGE},
                             {"dontdump", MADV_DONTDUMP},
                             {"dodump", MADV_DODUMP},
                             {"wipeonfork", MADV_WIPEONFORK},
                             {"keeponfork", MADV_KEEPONFORK},
                             {"populate-read", MADV_POPULATE_READ},
                             {"populate-write", MADV_POPULATE_WRITE},
                             {"dontneed-locked", MADV_DONTNEED_LOCKED},
                             {"collapse", MADV_COLLAPSE},
                             {"unknown", 77}};

struct Part {
  const char* name;
  std::int64_t (*offset)(const Device&);
  std::uint64_t (*length)(const Device&);
};

// Parts of a mapping of two extents.
constexpr Part kParts[] = {
    {"whole", [](const Device&) -> std::int64_t { return 0; }, [](const Device& d) { return 2 * d.align; }},
    {"second-extent", [](const Device& d) { return static_cast<std::int64_t>(d.align); },
     [](const Device& d) { return d.align; }},
    {"head-page", [](const Device&) -> std::int64_t { return 0; }, [](const Device&) { return kPage; }},
    {"inner-page", [](const Device& d) { return static_cast<std::int64_t>(d.align / 2 / kPage * kPage); },
     [](const Device&) { return kPage; }},
};

View two(const Device& d) {
  needs_extents(d, 2);
  char* base = free_range(d, 4 * d.align);
  if (::mmap(base, 2 * d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0) == MAP_FAILED) {
    throw Stop{"setup mmap " + last_error()};
  }
  return {base, 2 * d.align};
}

std::string advised(const Device& d, int advice, const Part& part, bool touched) {
  const View view = two(d);
  if (touched) {
    store(view.base, 0x41);
    store(view.base + d.align, 0x42);
  } else {
    const View other = mapped(d, 2);
    store(other.base, 0x41);
    store(other.base + d.align, 0x42);
  }
  const std::string result = said(::madvise(view.base + part.offset(d), part.length(d), advice));
  return line({result, "first=" + both_text(view.base, 0x41), "second=" + both_text(view.base + d.align, 0x42)});
}

} // namespace

void add_madvise_rows(Table& table) {
  for (const Word& advice : kAdvices) {
    for (const Part& part : kParts) {
      table.add(std::string("madvise.") + advice.name + ".part=" + part.name,
                [advice, part](const Device& d) { return advised(d, advice.value, part, true); });
    }
    table.add(std::string("madvise.") + advice.name + ".untouched.part=whole",
              [advice](const Device& d) { return advised(d, advice.value, kParts[0], false); });
  }
  for (const Word& advice : {Word{"cold", MADV_COLD}, Word{"pageout", MADV_PAGEOUT}}) {
    for (const Part& part : kParts) {
      table.add(std::string("madvise.") + advice.name + ".part=" + part.name, [advice, part](const Device& d) {
        return d.align > kPage ? std::string("n/a 6.1 loses such extents") : advised(d, advice.value, part, true);
      });
    }
    table.add(std::string("madvise.") + advice.name + ".untouched.part=whole",
              [advice](const Device& d) { return advised(d, advice.value, kParts[0], false); });
  }
  for (const Word& advice :
       {Word{"dontneed", MADV_DONTNEED}, Word{"willneed", MADV_WILLNEED}, Word{"nohugepage", MADV_NOHUGEPAGE}}) {
    table.add(std::string("madvise.") + advice.name + ".odd-address",
              [advice](const Device& d) { return said(::madvise(two(d).base + 1, kPage, advice.value)); });
    table.add(std::string("madvise.") + advice.name + ".zero-length",
              [advice](const Device& d) { return said(::madvise(two(d).base, 0, advice.value)); });
    table.add(std::string("madvise.") + advice.name + ".past-the-mapping", [advice](const Device& d) {
      const View view = two(d);
      return line({said(::madvise(view.base, 3 * d.align, advice.value)), load_text(view.base), store_text(view.base)});
    });
  }
  table.add("madvise.populate-read.beyond-the-end", [](const Device& d) {
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size));
    return base == MAP_FAILED ? last_error() : said(::madvise(base, d.align, MADV_POPULATE_READ));
  });
  table.add("madvise.populate-write.prot=r", [](const Device& d) {
    return said(::madvise(mapped(d, 1, 0, PROT_READ).base, d.align, MADV_POPULATE_WRITE));
  });
  table.add("madvise.dontfork.child-has-no-mapping", [](const Device& d) {
    const View view = two(d);
    const std::string result = said(::madvise(view.base, view.length, MADV_DONTFORK));
    return line({result, "child=" + in_child([&] { return load_text(view.base); }), "parent=" + load_text(view.base)});
  });
  table.add("madvise.dontfork.then-dofork", [](const Device& d) {
    const View view = two(d);
    store(view.base, 0x61);
    (void)::madvise(view.base, view.length, MADV_DONTFORK);
    const std::string result = said(::madvise(view.base, view.length, MADV_DOFORK));
    return line({result, "child=" + in_child([&] { return load_text(view.base, 0x61); })});
  });
  table.add("madvise.nohugepage.then-hugepage", [](const Device& d) {
    const View view = two(d);
    const std::string first = said(::madvise(view.base, view.length, MADV_NOHUGEPAGE));
    const std::string second = said(::madvise(view.base, view.length, MADV_HUGEPAGE));
    return line({first, second, load_text(view.base)});
  });
  table.add("madvise.nohugepage.is-of-the-mapping", [](const Device& d) {
    const View view = two(d);
    const View other = mapped(d);
    (void)::madvise(view.base, view.length, MADV_NOHUGEPAGE);
    return line({"advised=" + load_text(view.base), "other=" + load_text(other.base)});
  });
  table.add("madvise.process-madvise.willneed", [](const Device& d) {
    const View view = two(d);
    const iovec part{view.base, d.align};
    const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
    const long got = ::syscall(SYS_process_madvise, self, &part, 1, MADV_WILLNEED, 0);
    return got < 0 ? last_error() : "ok=" + in_extents(got, d);
  });
}

} // namespace conformance
