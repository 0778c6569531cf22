// mlock and its kin, mincore, msync, remap_file_pages.
#include <sys/resource.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"
#include "tests/conformance/ask/locking.hpp"

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

namespace conformance {
namespace {

struct Word {
  const char* name;
  int value;
};

struct Part {
  const char* name;
  std::uint64_t (*offset)(const Device&);
  std::uint64_t (*length)(const Device&);
};

// Parts of a mapping of two extents.
constexpr Part kParts[] = {
    {"whole", [](const Device&) -> std::uint64_t { return 0; }, [](const Device& d) { return 2 * d.align; }},
    {"second-extent", [](const Device& d) { return d.align; }, [](const Device& d) { return d.align; }},
    {"head-page", [](const Device&) -> std::uint64_t { return 0; }, [](const Device&) { return kPage; }},
    {"odd-address", [](const Device&) -> std::uint64_t { return 1; }, [](const Device&) { return kPage; }},
    {"past-the-mapping", [](const Device& d) { return d.align; }, [](const Device& d) { return 2 * d.align; }},
};

View two(const Device& d) {
  needs_extents(d, 2);
  char* base = free_range(d, 4 * d.align);
  if (::mmap(base, 2 * d.align, kReadWrite, MAP_SHARED | MAP_FIXED, opened(d), 0) == MAP_FAILED) {
    throw Stop{"setup mmap " + last_error()};
  }
  return {base, 2 * d.align};
}

// How many pages of one extent mincore calls resident: "none", "all", or a number.
std::string resident(const Device& d, char* base, std::uint64_t length) {
  const std::uint64_t pages = (length + kPage - 1) / kPage;
  char* vector = anonymous(pages);
  if (::mincore(base, length, reinterpret_cast<unsigned char*>(vector)) != 0) {
    return last_error();
  }
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < pages; ++i) {
    count += static_cast<unsigned char>(vector[i]) & 1U;
  }
  (void)d;
  return count == 0 ? "none" : (count == pages ? "all" : std::to_string(count));
}

} // namespace

void add_residence_rows(Table& table) {
  for (const Part& part : kParts) {
    table.add(std::string("mlock.part=") + part.name, [part](const Device& d) {
      const View view = two(d);
      return line({said(lock_memory(view.base + part.offset(d), part.length(d))), load_text(view.base)});
    });
    table.add(std::string("munlock.part=") + part.name, [part](const Device& d) {
      const View view = two(d);
      return said(unlock_memory(view.base + part.offset(d), part.length(d)));
    });
    for (const Word& flag : {Word{"async", MS_ASYNC}, Word{"sync", MS_SYNC}, Word{"invalidate", MS_INVALIDATE},
                             Word{"sync+invalidate", MS_SYNC | MS_INVALIDATE}, Word{"0", 0}}) {
      table.add(std::string("msync.flag=") + flag.name + ".part=" + part.name, [part, flag](const Device& d) {
        const View view = two(d);
        store(view.base, 1);
        return said(::msync(view.base + part.offset(d), part.length(d), flag.value));
      });
    }
  }
  table.add("msync.flag=sync+async",
            [](const Device& d) { return said(::msync(two(d).base, d.align, MS_SYNC | MS_ASYNC)); });
  table.add("msync.flag=unknown", [](const Device& d) { return said(::msync(two(d).base, d.align, 64)); });
  table.add("msync.flag=invalidate.locked", [](const Device& d) {
    const View view = two(d);
    const std::string locked = said(::mlock2(view.base, kPage, MLOCK_ONFAULT));
    return line({locked, said(::msync(view.base, view.length, MS_INVALIDATE))});
  });
  table.add("msync.flag=sync.prot=r",
            [](const Device& d) { return said(::msync(mapped(d, 1, 0, PROT_READ).base, d.align, MS_SYNC)); });
  table.add("mlock.onfault", [](const Device& d) {
    const View view = two(d);
    return said(::mlock2(view.base, view.length, MLOCK_ONFAULT));
  });
  table.add("mlock.unknown-flag", [](const Device& d) { return said(::mlock2(two(d).base, d.align, 8)); });
  table.add("mlock.beyond-the-end", [](const Device& d) {
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size));
    return base == MAP_FAILED ? last_error() : said(lock_memory(base, d.align));
  });
  table.add("mlock.prot=none",
            [](const Device& d) { return said(lock_memory(mapped(d, 1, 0, PROT_NONE).base, kPage)); });
  table.add("mlockall.current-onfault", [](const Device& d) {
    const View view = two(d);
    const std::string result = said(lock_all(MCL_CURRENT | MCL_ONFAULT));
    return line({result, load_text(view.base), said(unlock_all())});
  });
  table.add("mlockall.future-onfault.then-mmap", [](const Device& d) {
    const std::string result = said(lock_all(MCL_FUTURE | MCL_ONFAULT));
    return line({result, load_text(mapped(d).base)});
  });
  for (const Part& part : kParts) {
    table.add(std::string("mincore.untouched.part=") + part.name, [part](const Device& d) {
      const View view = two(d);
      return resident(d, view.base + part.offset(d), part.length(d));
    });
  }
  table.add("mincore.first-touched", [](const Device& d) {
    const View view = two(d);
    (void)load(view.base);
    return line({"first=" + resident(d, view.base, d.align), "second=" + resident(d, view.base + d.align, d.align)});
  });
  table.add("mincore.touched-elsewhere", [](const Device& d) {
    (void)load(mapped(d).base);
    return resident(d, two(d).base, d.align);
  });
  table.add("mincore.bad-vector",
            [](const Device& d) { return said(::mincore(two(d).base, d.align, reinterpret_cast<unsigned char*>(8))); });
  for (const Word& flag : {Word{"0", 0}, Word{"nonblock", MAP_NONBLOCK}}) {
    table.add(std::string("remap_file_pages.flag=") + flag.name, [flag](const Device& d) {
      const View view = two(d);
      store(view.base + d.align, 0x66);
      const std::string result = said(::remap_file_pages(view.base, d.align, 0, d.align / kPage, flag.value));
      return line({result, load_text(view.base, 0x66)});
    });
  }
  table.add("remap_file_pages.head-page",
            [](const Device& d) { return said(::remap_file_pages(two(d).base, kPage, 0, 1, 0)); });
  table.add("remap_file_pages.prot",
            [](const Device& d) { return said(::remap_file_pages(two(d).base, d.align, PROT_READ, 0, 0)); });
}

} // namespace conformance
