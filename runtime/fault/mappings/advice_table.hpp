// What madvise(2) does on a device-dax mapping, advice by advice (mm/madvise.c, Linux 6.1, and the guest's answers).
#pragma once

#include <cstdint>

namespace daxemu::fault {

enum class AdviceEffect {
  flags,        // changes the mapping's flags, and splits it where they change
  nothing,      // accepted and without effect
  drop,         // zap_page_range: extents are faulted in anew
  refuse,       // `code`
  remove,       // ENODEV from vfs_fallocate, EACCES before that if not writable
  populate,     // faults extents in
  poison,       // memory_failure()
  soft_offline, // EIO: not pages of the page allocator
};

struct AdviceRule {
  int advice;
  AdviceEffect effect;
  std::uint32_t clear = 0; // VmaFlag
  std::uint32_t set = 0;
  bool native = false; // the kernel is told too: the flags mean something to it on our mappings
  int code = 0;
};

// The rule for `advice`; an unknown one is EINVAL.
[[nodiscard]] AdviceRule rule_of(int advice);

} // namespace daxemu::fault
