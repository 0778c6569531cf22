#include "runtime/fault/process/processors.hpp"

#include <algorithm>
#include <bit>

#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::fault {

int processors(const store::CpuMask& wanted) {
  store::CpuMask mask{};
  if (!sys::call(SYS_sched_getaffinity, 0, sizeof(mask), reinterpret_cast<long>(mask.data()))) {
    return 1;
  }
  const bool anywhere = std::ranges::all_of(wanted, [](std::uint64_t word) { return word == 0; });
  int found = 0;
  for (std::size_t at = 0; at < mask.size(); ++at) {
    found += std::popcount(anywhere ? mask[at] : mask[at] & wanted[at]);
  }
  return found;
}

} // namespace daxemu::fault
