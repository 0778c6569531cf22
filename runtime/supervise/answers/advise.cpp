// madvise(2) on mappings of devices in the program's memory.
#include <algorithm>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/store/generation.hpp"
#include "runtime/fault/mappings/advice_table.hpp"
#include "runtime/fault/mappings/vma.hpp"
#include "runtime/preload/procfs/maps_line.hpp"
#include "runtime/supervise/answers/mappings.hpp"

namespace daxemu::supervise {
namespace {

using fault::AdviceEffect;

// How far devices are mapped from there on, without a gap.
std::uint64_t end_of_ours(const std::vector<Piece>& pieces, std::uint64_t start) {
  for (const Piece& piece : pieces) {
    if (piece.view == nullptr || piece.start > start) {
      break;
    }
    start = std::max(start, piece.end);
  }
  return start;
}

bool may_administer(pid_t thread) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, thread};
  __user_cap_data_struct data[2] = {};
  return sys::call(SYS_capget, reinterpret_cast<long>(&header), reinterpret_cast<long>(data)) &&
         (data[0].effective >> CAP_SYS_ADMIN & 1U) != 0;
}

} // namespace

std::uint32_t Mappings::flags_at(const Target& target, std::uint64_t start) {
  struct Mark {
    std::string_view word;
    std::uint32_t flag;
  };
  constexpr Mark kMarks[] = {{" rr", fault::kRandom},
                             {" sr", fault::kSequential},
                             {" dc", fault::kDontFork},
                             {" dd", fault::kDontDump},
                             {" sl", fault::kSealed}};
  const std::string text = target.proc_file("smaps");
  bool here = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end;
    preload::MapsLine mapping;
    if (mapping.parse(line)) {
      here = mapping.start <= start && start < mapping.end;
    } else if (here && line.starts_with("VmFlags:")) {
      std::uint32_t flags = fault::kHuge;
      for (const Mark& mark : kMarks) {
        flags |= line.find(mark.word) != std::string_view::npos ? mark.flag : 0U;
      }
      return flags;
    }
  }
  return fault::kHuge;
}

std::optional<Result<long>> Mappings::advise(const Target& target, const Call& call, const std::vector<Piece>& pieces) {
  const bool ours = !pieces.empty() && (pieces.front().view != nullptr || pieces.front().filler);
  if (!ours || pieces.front().start > call.word[0]) {
    return std::nullopt;
  }
  const std::uint64_t start = call.word[0];
  const std::uint64_t end = start + align_up(call.word[1], kPageSize);
  const auto done = [&] { return covers(pieces, start, end) ? Result<long>(0L) : Result<long>(fail(ENOMEM)); };
  const fault::AdviceRule rule = fault::rule_of(static_cast<int>(call.word[2]));
  switch (rule.effect) {
  case AdviceEffect::flags: {
    const std::uint32_t flags = cuts(pieces, start, end) ? flags_at(target, start) : 0;
    if (flags != 0 && ((flags & ~rule.clear) | rule.set) != flags) {
      return Result<long>(fail(EINVAL)); // dev_dax_split()
    }
    if ((rule.set & (fault::kNoHuge | fault::kHuge)) != 0 && start < end) {
      spaces_->note_huge(target.process(), start, std::min(end, end_of_ours(pieces, start)),
                         (rule.set & fault::kHuge) != 0);
    }
    return rule.native && flags == 0 ? std::optional<Result<long>>() : done();
  }
  case AdviceEffect::nothing:
    return done();
  case AdviceEffect::refuse:
    return Result<long>(fail(rule.code));
  case AdviceEffect::remove:
    return Result<long>(fail((pieces.front().prot & PROT_WRITE) != 0 ? ENODEV : EACCES));
  case AdviceEffect::poison: // the kernel would take the machine's page for broken
    return inject_failure(target, call, pieces);
  case AdviceEffect::soft_offline:
    return Result<long>(fail(EIO));
  case AdviceEffect::populate: // the mark that Refusals has it find would be taken for memory that has failed
    if (std::any_of(pieces.begin(), pieces.end(),
                    [](const Piece& piece) { return piece.view != nullptr && !piece.view->alive(); })) {
      return Result<long>(fail(EFAULT));
    }
    break;
  case AdviceEffect::drop:
    break;
  }
  return std::nullopt;
}

bool Mappings::covers(const std::vector<Piece>& pieces, std::uint64_t start, std::uint64_t end) {
  for (const Piece& piece : pieces) {
    if (piece.start > start) {
      return false;
    }
    start = std::max(start, piece.end);
  }
  return start >= end;
}

// As AddressSpace::inject_failure, of one process: the caller gets SIGBUS for its mapping of the first extent, whose
// next touch finds it again.
Result<long> Mappings::inject_failure(const Target& target, const Call& call, const std::vector<Piece>& pieces) {
  const std::uint64_t start = call.word[0];
  const std::uint64_t end = start + call.word[1];
  if (!may_administer(target.thread())) {
    return fail(EPERM);
  }
  std::uint64_t hit = 0;
  short bits = 0;
  Result<long> outcome = 0L;
  for (std::uint64_t at = start; at < end && outcome;) {
    const auto piece =
        std::find_if(pieces.begin(), pieces.end(), [at](const Piece& one) { return at >= one.start && at < one.end; });
    if (piece == pieces.end() || piece->view == nullptr || (piece->prot & PROT_READ) == 0 ||
        piece->offset + (at - piece->start) >= piece->view->size()) {
      outcome = fail(EFAULT);
      break;
    }
    const fault::DeviceView& view = *piece->view;
    const std::uint64_t offset = piece->offset + (at - piece->start);
    const std::uint64_t back = offset % view.align(); // to where the extent begins
    if (at - piece->start >= back) {
      view.failures().note(view.extent_at(offset), target.process());
      hit = hit != 0 ? hit : at - back;
      bits = static_cast<short>(log2_of(view.align()));
    }
    at += view.align();
  }
  if (hit == 0) {
    return outcome;
  }
  store::await_followers(context_->store(), store::announce(context_->store().platform()));
  auto injection = Injection::into(*listener_, call);
  if (!injection) {
    return tl::unexpected(injection.error());
  }
  follower_->catch_up(injection->thread(), target.process());
  injection->set_result(outcome);
  siginfo_t told{};
  told.si_signo = SIGBUS;
  told.si_code = BUS_MCEERR_AR;
  told.si_addr = reinterpret_cast<void*>(hit);
  told.si_addr_lsb = bits;
  injection->thread().deliver(told);
  return outcome;
}

} // namespace daxemu::supervise
