#include "runtime/fault/mappings/advice_table.hpp"

#include <array>
#include <cerrno>

#include <sys/mman.h>

#include "runtime/fault/mappings/vma.hpp"

// Newer than the C library's headers.
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

namespace daxemu::fault {
namespace {

constexpr std::array kRules = {
    AdviceRule{MADV_NORMAL, AdviceEffect::flags, kRandom | kSequential, 0, true},
    AdviceRule{MADV_RANDOM, AdviceEffect::flags, kSequential, kRandom, true},
    AdviceRule{MADV_SEQUENTIAL, AdviceEffect::flags, kRandom, kSequential, true},
    AdviceRule{MADV_WILLNEED, AdviceEffect::nothing},
    AdviceRule{MADV_DONTNEED, AdviceEffect::drop},
    AdviceRule{MADV_DONTNEED_LOCKED, AdviceEffect::drop},
    AdviceRule{MADV_REMOVE, AdviceEffect::remove},
    AdviceRule{MADV_DONTFORK, AdviceEffect::flags, 0, kDontFork, true},
    AdviceRule{MADV_DOFORK, AdviceEffect::flags, kDontFork, 0, true},
    AdviceRule{MADV_MERGEABLE, AdviceEffect::nothing},
    AdviceRule{MADV_UNMERGEABLE, AdviceEffect::nothing},
    AdviceRule{MADV_HUGEPAGE, AdviceEffect::flags, kNoHuge, kHuge},
    AdviceRule{MADV_NOHUGEPAGE, AdviceEffect::flags, kHuge, kNoHuge},
    AdviceRule{MADV_DONTDUMP, AdviceEffect::flags, 0, kDontDump, true},
    AdviceRule{MADV_DODUMP, AdviceEffect::flags, kDontDump, 0, true},
    AdviceRule{MADV_KEEPONFORK, AdviceEffect::nothing},
    // Linux 6.1 prints "bad pmd" and may hang here: a bug that is left out.
    AdviceRule{MADV_COLD, AdviceEffect::nothing},
    AdviceRule{MADV_PAGEOUT, AdviceEffect::nothing},
    AdviceRule{MADV_POPULATE_READ, AdviceEffect::populate},
    AdviceRule{MADV_POPULATE_WRITE, AdviceEffect::populate},
    AdviceRule{MADV_HWPOISON, AdviceEffect::poison},
    AdviceRule{MADV_SOFT_OFFLINE, AdviceEffect::soft_offline},
};

} // namespace

AdviceRule rule_of(int advice) {
  for (const AdviceRule& rule : kRules) {
    if (rule.advice == advice) {
      return rule;
    }
  }
  // MADV_FREE and MADV_WIPEONFORK are for anonymous memory, MADV_COLLAPSE for what khugepaged may scan.
  return AdviceRule{.advice = advice, .effect = AdviceEffect::refuse, .code = EINVAL};
}

} // namespace daxemu::fault
