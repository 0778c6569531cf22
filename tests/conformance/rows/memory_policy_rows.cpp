// NUMA: mbind, get_mempolicy and move_pages on the mapping. On machines with one node too: the answers are the errors.
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

struct Word {
  const char* name;
  int value;
};

constexpr unsigned long kNode0 = 1;

long bind(void* at, std::uint64_t length, int mode, unsigned flags, const unsigned long* nodes) {
  return ::syscall(SYS_mbind, at, length, mode, nodes, 64UL, flags);
}

std::string moved(const Device& d, bool touched, bool query, char* (*place)(const View&, const Device&)) {
  const View view = mapped(d);
  if (touched) {
    (void)load(view.base);
  }
  void* pages[] = {place(view, d)};
  const int nodes[] = {0};
  int status[] = {12345};
  const long got = ::syscall(SYS_move_pages, 0, 1UL, pages, query ? nullptr : nodes, status, query ? 0 : MPOL_MF_MOVE);
  if (got < 0) {
    return last_error();
  }
  return line({"ok=" + std::to_string(got), status[0] >= 0 ? (status[0] == 12345 ? "status=untouched" : "status=node")
                                                           : "status=" + error_name(-status[0])});
}

char* at_base(const View& view, const Device& /*device*/) {
  return view.base;
}

} // namespace

void add_memory_policy_rows(Table& table) {
  for (const Word& mode : {Word{"default", MPOL_DEFAULT}, Word{"bind", MPOL_BIND}, Word{"preferred", MPOL_PREFERRED},
                           Word{"interleave", MPOL_INTERLEAVE}, Word{"local", MPOL_LOCAL}, Word{"unknown", 42}}) {
    for (const Word& flag : {Word{"0", 0}, Word{"strict", MPOL_MF_STRICT}, Word{"move", MPOL_MF_MOVE}}) {
      if (mode.value == MPOL_LOCAL && flag.value == MPOL_MF_STRICT) {
        continue; // depends on whether the device has a node
      }
      table.add(std::string("mbind.mode=") + mode.name + ".flag=" + flag.name, [mode, flag](const Device& d) {
        const View view = mapped(d);
        (void)load(view.base);
        const bool nodes = mode.value == MPOL_BIND || mode.value == MPOL_PREFERRED || mode.value == MPOL_INTERLEAVE;
        return line({said(bind(view.base, view.length, mode.value, static_cast<unsigned>(flag.value),
                               nodes ? &kNode0 : nullptr)),
                     load_text(view.base)});
      });
    }
  }
  table.add("mbind.head-page", [](const Device& d) {
    const View view = mapped(d);
    return said(bind(view.base, kPage, MPOL_BIND, 0, &kNode0));
  });
  table.add("mbind.odd-address",
            [](const Device& d) { return said(bind(mapped(d).base + 1, kPage, MPOL_BIND, 0, &kNode0)); });
  table.add("get_mempolicy.of-address", [](const Device& d) {
    const View view = mapped(d);
    int mode = -1;
    const long got = ::syscall(SYS_get_mempolicy, &mode, nullptr, 0UL, view.base, MPOL_F_ADDR);
    return got < 0 ? last_error() : "mode=" + std::to_string(mode);
  });
  table.add("get_mempolicy.after-mbind", [](const Device& d) {
    const View view = mapped(d);
    (void)bind(view.base, view.length, MPOL_BIND, 0, &kNode0);
    int mode = -1;
    const long got = ::syscall(SYS_get_mempolicy, &mode, nullptr, 0UL, view.base, MPOL_F_ADDR);
    return got < 0 ? last_error() : "mode=" + std::to_string(mode);
  });
  for (const bool touched : {true, false}) {
    const std::string how = touched ? "touched" : "untouched";
    table.add("get_mempolicy.node." + how, [touched](const Device& d) {
      const View view = mapped(d);
      if (touched) {
        (void)load(view.base);
      }
      int node = -1;
      const long got = ::syscall(SYS_get_mempolicy, &node, nullptr, 0UL, view.base, MPOL_F_ADDR | MPOL_F_NODE);
      return got < 0 ? last_error() : (node >= 0 ? "node" : "node=" + std::to_string(node));
    });
    for (const bool query : {true, false}) {
      table.add("move_pages." + std::string(query ? "query." : "move.") + how,
                [touched, query](const Device& d) { return moved(d, touched, query, at_base); });
    }
  }
  table.add("move_pages.query.inner-page", [](const Device& d) {
    return moved(d, true, true,
                 [](const View& view, const Device& dev) { return view.base + (dev.align > kPage ? kPage : 0); });
  });
  table.add("move_pages.query.unmapped", [](const Device& d) {
    return moved(d, true, true, [](const View&, const Device& dev) { return free_range(dev, dev.align); });
  });
  table.add("migrate_pages.self", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 0x62);
    const long got = ::syscall(SYS_migrate_pages, 0, 64UL, &kNode0, &kNode0);
    return line({said(got), load_text(view.base, 0x62)});
  });
}

} // namespace conformance
