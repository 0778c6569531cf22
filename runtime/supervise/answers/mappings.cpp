#include "runtime/supervise/answers/mappings.hpp"

#include <algorithm>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "emu/base/kernel/mseal.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/trace/why.hpp"
#include "runtime/fault/mappings/vma.hpp"
#include "runtime/preload/procfs/device_node.hpp"
#include "runtime/preload/procfs/maps_line.hpp"
#include "runtime/supervise/install/filter.hpp"
#include "runtime/supervise/spaces/process_maps.hpp"

namespace daxemu::supervise {

using trace::because;
using trace::Reason;
namespace {

// What of [address, address + length) a call is about, in whole pages.
std::uint64_t end_of(std::uint64_t address, std::uint64_t length) {
  const std::uint64_t end = address + align_up(length, kPageSize);
  return end < address ? UINT64_MAX : end;
}

bool replaces(const fault::MapRequest& request) {
  return (request.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == MAP_FIXED;
}

} // namespace

void Mappings::answer(const Target& target, const Call& call) {
  if (call.number == SYS_move_pages) {
    const auto moved = move_pages(target, call);
    moved ? listener_->answer(call, *moved) : listener_->go_on(call);
    return;
  }
  if (call.number != SYS_mmap) {
    change(target, call);
    return;
  }
  const bool anonymous = (call.word[3] & MAP_ANONYMOUS) != 0;
  const auto fd = anonymous ? Result<UniqueFd>(fail(EBADF)) : target.descriptor(static_cast<int>(call.word[4]));
  if (fd) {
    preload::FdTable::forget(fd->get());
    store::DeviceRecord* device = context_->descriptors().device(fd->get());
    const bool has_none = device == nullptr && context_->descriptors().has_no_mmap(fd->get());
    preload::FdTable::forget(fd->get());
    if (device != nullptr) {
      if (const auto mapped = map(target, call, *device, fd->get()); !mapped) {
        trace::refused_of(device->minor);
        listener_->answer(call, mapped); // if it still waits: else it has been told
      }
      return;
    }
    if (has_none) {
      listener_->answer(call, fail(call.word[1] == 0 ? EINVAL : ENODEV));
      return;
    }
  }
  const std::uint64_t end = end_of(call.word[0], call.word[1]);
  if ((call.word[3] & MAP_FIXED) != 0 && cuts(pieces_in(target, call.word[0], end), call.word[0], end)) {
    listener_->answer(call, fail(context_->store().profile().cut_by_mmap));
    return;
  }
  listener_->go_on(call);
}

// Somebody opens /proc/PID/mem.
void Mappings::leave(pid_t process) {
  spaces_->leave(process);
}

std::vector<Piece> Mappings::pieces_in(const Target& target, std::uint64_t start, std::uint64_t end) const {
  const auto maps = ProcessMaps::of(target.thread());
  return maps ? maps->pieces(*devices_, start, end) : std::vector<Piece>();
}

bool Mappings::cuts(const std::vector<Piece>& pieces, std::uint64_t start, std::uint64_t end) {
  return std::any_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
    const auto is_inside = [&](std::uint64_t at) {
      return piece.view != nullptr && at > piece.start && at < piece.end && !is_aligned(at, piece.view->align());
    };
    const bool at_start = is_inside(start);
    if (!at_start && !is_inside(end)) {
      return false;
    }
    (void)because(EINVAL, {.reason = Reason::cuts_extent, // for whoever refuses it
                           .a = at_start ? start : end,
                           .b = piece.view->align(),
                           .minor = piece.view->device().minor});
    return true;
  });
}

// do_mmap() and the driver's part in it: what AddressSpace::map does for the process that it is in.
Result<long> Mappings::map(const Target& target, const Call& call, store::DeviceRecord& device, int fd) {
  fault::MapRequest request{call.word[0], call.word[1], static_cast<int>(call.word[2]), static_cast<int>(call.word[3]),
                            call.word[5]};
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  const int open_flags = flags ? static_cast<int>(*flags) : O_PATH;
  if (auto fine = fault::check_place(request, open_flags); !fine) {
    return tl::unexpected(fine.error());
  }
  const auto address = place_of(target, request, device.align);
  if (!address) {
    return tl::unexpected(address.error());
  }
  if (auto fine = fault::check_file(request, open_flags, dax::driver_of(device) != &dax::kFsdevDax); !fine) {
    return tl::unexpected(fine.error());
  }
  follower_->start();
  const auto view = devices_->get(device);
  if (!view) {
    return refuse_late(target, call, request, view.error());
  }
  const std::uint64_t end = *address + request.length;
  if (auto fine = fault::check_vma(request, *address, (*view)->align(), (*view)->alive()); !fine) {
    return refuse_late(target, call, request, fine.error());
  }
  if (replaces(request) && cuts(pieces_in(target, *address, end), *address, end)) {
    return fail(context_->store().profile().cut_by_mmap);
  }
  return have_mapped(call, request, **view, *address, (open_flags & O_ACCMODE) == O_RDWR);
}

// mmap_region(): what is there goes before the driver is asked, and does not come back.
Result<long> Mappings::refuse_late(const Target& target, const Call& call, const fault::MapRequest& request,
                                   Errno why) {
  if (!replaces(request)) {
    return tl::unexpected(why);
  }
  const std::uint64_t end = request.hint + request.length;
  if (cuts(pieces_in(target, request.hint, end), request.hint, end)) {
    return fail(context_->store().profile().cut_by_mmap);
  }
  if (auto injection = Injection::into(*listener_, call); injection) {
    (void)injection->make(SYS_munmap, {request.hint, request.length, 0, 0, 0, kOwnCall});
    injection->set_result(tl::unexpected(why));
  }
  return tl::unexpected(why);
}

Result<int> Mappings::bytes(const fault::DeviceView& view, bool writable) {
  if (writable) {
    return view.fd();
  }
  UniqueFd& fd = read_only_[&view];
  if (!fd) {
    const auto opened = sys::open(fmt::format("/proc/self/fd/{}", view.fd()).c_str(), O_RDONLY | O_CLOEXEC);
    if (!opened) {
      return tl::unexpected(opened.error());
    }
    fd.reset(*opened);
  }
  return fd.get();
}

void Mappings::adopt(fault::DeviceView& view, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t at = from; at < to; at += view.align()) {
    const ExtentIndex extent = view.extent_at(at);
    (void)view.note_touch(extent);
    (void)view.bring(extent);
  }
}

Follower::Drops Mappings::failed_extents(const fault::DeviceView& view, std::uint64_t from, std::uint64_t to) {
  Follower::Drops failed;
  for (std::uint64_t at = align_down(from, view.align()); at < to; at += view.align()) {
    if ((view.folio(view.extent_at(at)).flags.load() & mm::kFolioHwpoison) != 0) {
      failed.push_back({&view, at, at + view.align()});
    }
  }
  return failed;
}

Result<int> Mappings::give_filler(const Call& call) {
  if (!filler_) {
    const auto made = sys::memfd_create(kFillerName, MFD_CLOEXEC);
    if (!made) {
      return tl::unexpected(made.error());
    }
    filler_.reset(*made);
  }
  return listener_->put(call, filler_.get(), true);
}

Result<long> Mappings::have_mapped(const Call& call, const fault::MapRequest& request, fault::DeviceView& view,
                                   std::uint64_t address, bool writable) {
  const std::uint64_t skew = (request.offset - address) & (view.align() - 1); // an extent's entry begins with it
  const std::uint64_t offset = request.offset - skew;
  const bool small_pages = (request.flags & MAP_STACK) != 0 && context_->store().profile().stack_without_huge_pages;
  const bool faults = view.align() == kPageSize || !small_pages; // an extent does not come as small pages
  const std::uint64_t backed = !faults || offset >= view.size() ? 0 : std::min(request.length, view.size() - offset);
  const auto ours = bytes(view, writable);
  const auto theirs = ours ? listener_->put(call, *ours, true) : ours;
  const auto filler = theirs ? give_filler(call) : theirs;
  if (!filler) {
    return tl::unexpected(filler.error());
  }
  const auto failed = failed_extents(view, offset, offset + backed);
  const bool serves = writable && spaces_->wanted() && backed != 0; // what may never be written to nobody can watch
  const bool populates = (request.flags & MAP_POPULATE) != 0 && failed.empty(); // by the kernel, as a whole
  const bool watched = serves && !populates;
  if (!watched) {
    adopt(view, offset, offset + backed);
  }
  auto injection = Injection::into(*listener_, call);
  if (!injection) {
    if (injection.error() == Errno{EPERM} && !told_) {
      told_ = true;
      std::fprintf(stderr,
                   "daxemu: ptrace of process %d is refused: --intercept kernel cannot map devices into it; end "
                   "its debugger, allow ptrace (kernel.yama.ptrace_scope, the container's profile), or use "
                   "--intercept libc\n",
                   call.thread);
    }
    return tl::unexpected(injection.error());
  }
  const std::uint64_t kind = replaces(request) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
  const std::uint64_t asked = static_cast<unsigned>(request.flags) & (failed.empty() ? MAP_POPULATE | MAP_NONBLOCK : 0);
  const auto place = [&](std::uint64_t at, std::uint64_t length, int fd, std::uint64_t from, std::uint64_t with) {
    return length == 0 ? Result<long>(0L)
                       : injection->make(SYS_mmap, {at, length, static_cast<std::uint64_t>(request.prot), with,
                                                    kOwnDescriptor | static_cast<std::uint32_t>(fd), from});
  };
  const std::uint64_t base = MAP_SHARED | MAP_NORESERVE;
  Result<long> mapped = place(address, backed, *theirs, offset, base | kind | asked);
  if (mapped) {
    mapped = place(address + backed, request.length - backed, *filler, 0,
                   base | (backed == 0 ? kind : std::uint64_t{MAP_FIXED_NOREPLACE}));
  }
  (void)injection->make(SYS_close, {static_cast<std::uint64_t>(*theirs)});
  (void)injection->make(SYS_close, {static_cast<std::uint64_t>(*filler)});
  if (mapped) {
    note(address, address + request.length);
    view.note_change();
    view.counters().maps.fetch_add(1, std::memory_order_relaxed);
    const pid_t process = Target(call.thread).process();
    spaces_->note_huge(process, address, address + request.length, true);
    const bool served =
        serves && spaces_->watch(injection->thread(), process, view, address, backed, offset).has_value();
    follower_->say(served ? store::EngineKind::handler : store::EngineKind::populate);
    if (!served) {
      if (watched) {
        adopt(view, offset, offset + backed);
      }
      (void)follower_->drop_by(injection->thread(), process, failed);
    }
  }
  injection->set_result(mapped ? Result<long>(static_cast<long>(address)) : mapped);
  return mapped;
}

bool Mappings::was_mapped(std::uint64_t start, std::uint64_t end) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const Range& range) { return start < range.end && end > range.start; });
}

void Mappings::note(std::uint64_t start, std::uint64_t end) {
  for (Range& range : ranges_) {
    if (start <= range.end && end >= range.start) {
      range = {std::min(start, range.start), std::max(end, range.end)};
      return;
    }
  }
  ranges_.push_back({start, end});
}

void Mappings::change(const Target& target, const Call& call) {
  const std::uint64_t start = call.word[0];
  if (call.number == SYS_munmap || call.number == SYS_mremap) {
    filled_.end = std::min(filled_.end, start);
  }
  const std::uint64_t end = end_of(start, call.word[1]);
  const std::uint64_t over = call.number == SYS_mremap && (call.word[3] & MREMAP_FIXED) != 0 ? call.word[4] : start;
  if (!was_mapped(start, std::max(end, start + 1)) && !was_mapped(over, end_of(over, call.word[2]))) {
    listener_->go_on(call);
    return;
  }
  const auto pieces = pieces_in(target, start, std::max(end, start + 1));
  const Profile& profile = context_->store().profile();
  std::optional<Result<long>> answer;
  if (is_aligned(start, kPageSize)) {
    switch (call.number) {
    case SYS_mbind:
    case SYS_remap_file_pages:
      if (cuts(pieces, start, end)) {
        answer = fail(EINVAL); // dev_dax_split()
      }
      break;
    case SYS_munmap: // a seal is looked at before the cut (can_modify_vma)
      if (cuts(pieces, start, end)) {
        answer = fail((flags_at(target, start) & fault::kSealed) != 0 ? EPERM : EINVAL);
      } else {
        spaces_->forget(target.process(), pieces, start, end);
      }
      break;
    case kMseal:
      if (!profile.has_mseal) {
        answer = fail(ENOSYS);
      } else if (call.word[2] == 0 && covers(pieces, start, end) && cuts(pieces, start, end)) {
        answer = fail(EINVAL); // dev_dax_split()
      }
      break;
    case SYS_mprotect:
    case SYS_pkey_mprotect: {
      auto changed = pieces;
      std::erase_if(changed, [&](const Piece& piece) { return piece.prot == static_cast<int>(call.word[2]); });
      if (!pieces.empty() && pieces.front().start <= start && cuts(changed, start, end)) { // else ENOMEM
        answer = fail(EINVAL);
      }
      break;
    }
    case SYS_msync: // no fsync (vfs_fsync_range); and nothing of it is ever locked, which MS_INVALIDATE would mind
      if (!pieces.empty() && pieces.front().view != nullptr &&
          (call.word[2] & ~std::uint64_t{MS_SYNC | MS_INVALIDATE}) == 0 &&
          ((call.word[2] & MS_SYNC) != 0 || covers(pieces, start, end))) {
        answer = (call.word[2] & MS_SYNC) != 0 ? Result<long>(because(EINVAL, Reason::no_fsync)) : Result<long>(0L);
      }
      break;
    case SYS_mincore:
      answer = in_core(target, call, pieces);
      break;
    case SYS_madvise:
      answer = advise(target, call, pieces);
      break;
    case SYS_mremap:
      answer = profile.has_mseal && !profile.mremap_checks_first && (flags_at(target, start) & fault::kSealed) != 0
                   ? std::optional<Result<long>>(fail(EPERM))
                   : remap(target, call, pieces);
      break;
    default:
      break;
    }
  }
  if (answer) {
    listener_->answer(call, *answer);
  } else {
    listener_->go_on(call);
  }
}

} // namespace daxemu::supervise
