#include "runtime/supervise/spaces/telling.hpp"

#include <algorithm>

#include <sys/syscall.h>

#include "emu/base/kernel/own_call.hpp"
#include "emu/base/units.hpp"
#include "runtime/fault/process/early_kill.hpp"
#include "runtime/preload/procfs/present.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

std::optional<Telling> telling_of(pid_t process, const std::vector<Piece>& pieces, std::span<const Drop> drops) {
  const pid_t thread = std::any_of(drops.begin(), drops.end(), [](const Drop& drop) { return drop.failed; })
                           ? fault::early_kill_thread(process)
                           : 0;
  if (thread == 0) {
    return std::nullopt;
  }
  for (const Drop& drop : drops) {
    for (const Piece& piece : pieces) {
      const std::uint64_t end_offset = piece.offset_of(piece.end);
      if (!drop.failed || drop.teller == process || piece.view != drop.view || drop.begin >= end_offset ||
          drop.end <= piece.offset) {
        continue;
      }
      const std::uint64_t start = piece.start + (std::max(drop.begin, piece.offset) - piece.offset);
      const std::uint64_t end = piece.start + (std::min(drop.end, end_offset) - piece.offset);
      if (preload::any_present(process, start, end)) { // a second one would be dropped while the first is pending
        Telling telling{thread, {}};
        telling.what.si_signo = SIGBUS;
        telling.what.si_code = BUS_MCEERR_AO;
        telling.what.si_addr = reinterpret_cast<void*>(start);
        telling.what.si_addr_lsb = static_cast<short>(log2_of(piece.view->align()));
        return telling;
      }
    }
  }
  return std::nullopt;
}

bool tell(Tracee& thread, const Telling& telling) {
  const std::uint64_t at = thread.scratch();
  if (!Target(thread.thread()).write(at, &telling.what, sizeof telling.what)) {
    return false;
  }
  const auto own = thread.make(SYS_getpid, {}); // as it knows itself
  const auto self = own ? thread.make(SYS_gettid, {}) : own;
  return self && thread
                     .make(SYS_rt_tgsigqueueinfo,
                           {static_cast<std::uint64_t>(*own), static_cast<std::uint64_t>(*self), SIGBUS, at})
                     .has_value();
}

} // namespace daxemu::supervise
