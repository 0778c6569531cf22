#include "runtime/supervise/answers/answers.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/trace/acting_for.hpp"
#include "runtime/supervise/answers/local_call.hpp"
#include "runtime/supervise/answers/opening.hpp"
#include "runtime/supervise/rights.hpp"

namespace daxemu::supervise {
namespace {

// What is written to an attribute may have an unbind wait for pages that others hold.
bool may_wait(const Shape& shape) {
  return shape.by == By::descriptor && shape.arguments.find_first_of("iW") != std::string_view::npos;
}

} // namespace

void Answers::answer(const Call& call) {
  const trace::ActingFor program(call.thread);
  const Shape* shape = shape_of(call.number);
  if (shape == nullptr) {
    listener_->go_on(call);
    return;
  }
  const Target target(call.thread);
  switch (shape->by) {
  case By::path:
  case By::opening:
    by_path(target, call, *shape);
    break;
  case By::descriptor:
    by_descriptor(target, call, *shape);
    break;
  case By::control:
    by_control(target, call);
    break;
  case By::copy:
    by_copy(target, call);
    break;
  case By::directory:
    by_directory(target, call, *shape);
    break;
  case By::transfer:
    by_transfer(target, call);
    break;
  case By::program:
    by_program(target, call, *shape);
    break;
  case By::waiting:
    by_wait(target, call);
    break;
  case By::memory:
    mappings_.answer(target, call);
    break;
  }
}

bool Answers::is_ours(int fd) const {
  preload::FdTable::forget(fd); // the number had another file before
  const preload::FdClass what = context_->descriptors().classify(fd);
  bool ours = what != preload::FdClass::foreign;
  if (what == preload::FdClass::directory) { // of /dev or /sys; a real one counts if it has entries of ours
    ours = preload::Descriptors::is_vnode(fd) || context_->descriptors().node(fd).has_value();
  }
  preload::FdTable::forget(fd);
  return ours;
}

bool Answers::may_be_ours(int number) const {
  return on_low_numbers_ || static_cast<std::uint32_t>(number) >= numbers_.first;
}

void Answers::by_descriptor(const Target& target, const Call& call, const Shape& shape) {
  const auto number = static_cast<int>(call.word[0]);
  const auto fd = may_be_ours(number) ? target.descriptor(number) : Result<UniqueFd>(fail(EBADF));
  if (!fd || !is_ours(fd->get())) {
    listener_->go_on(call);
    return;
  }
  make(target, call, shape, {});
}

void Answers::make(const Target& target, const Call& call, const Shape& shape, const std::vector<std::string>& paths,
                   bool bound) {
  auto local = LocalCall::carry(target, call, shape, paths, bound);
  if (!local) {
    listener_->answer(call, tl::unexpected(local.error()));
    return;
  }
  const bool close_on_exec = shape.opens() && closes_on_exec(target, call);
  if (!listener_->waits(call)) { // its memory may have been another's
    listener_->forget(call);
    return;
  }
  Result<long> result = fail(EINTR);
  const auto work = [&] {
    const Rights rights(target, local->is_by_real_user() ? Rights::By::real : Rights::By::file_system);
    if (rights.taken()) {
      local->ask_by_file_system_user();
    }
    result = local->make();
  };
  if (may_wait(shape)) {
    crew_->step_aside(work);
  } else {
    work();
  }
  if (result && shape.opens()) {
    const UniqueFd opened(static_cast<int>(*result));
    give(target, call, opened.get(), 0, close_on_exec);
    return;
  }
  if (result) {
    if (auto back = local->carry_back(target, *result); !back) {
      listener_->answer(call, tl::unexpected(back.error()));
      return;
    }
  }
  conclude(target, call, result);
}

void Answers::conclude(const Target& target, const Call& call, const Result<long>& result) {
  if (follower_->owes_any() && follower_->owes(target.process())) {
    if (auto injection = Injection::into(*listener_, call); injection) {
      follower_->catch_up(injection->thread(), target.process());
      injection->set_result(result);
      return;
    }
  }
  listener_->answer(call, result);
}

void Answers::give(const Target& target, const Call& call, int fd, int least, bool close_on_exec) {
  const bool ours = is_ours(fd);
  const int first = ours ? std::max(least, static_cast<int>(numbers_.first)) : least;
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  if (flags && (*flags & O_PATH) != 0) {
    give_path_only(target, call, fd, first, close_on_exec);
    return;
  }
  Result<int> given = fail(EBADF);
  if (ours) {
    given = listener_->answer_with(call, fd, target.free_number(first), close_on_exec);
  }
  if (!given && given.error() == Errno{EBADF}) { // a real file; or the program has lowered its limit
    given = listener_->answer_with(call, fd, -1, close_on_exec);
    on_low_numbers_ = on_low_numbers_ || ours;
  }
  if (!given) {
    listener_->answer(call, tl::unexpected(given.error()));
  }
}

void Answers::give_path_only(const Target& target, const Call& call, int fd, int first, bool close_on_exec) {
  const std::string path = fmt::format("/proc/{}/fd/{}", sys::getpid(), fd);
  auto injection = Injection::into(*listener_, call);
  if (!injection) {
    listener_->answer(call, tl::unexpected(injection.error()));
    return;
  }
  const std::uint64_t at = injection->scratch();
  auto opened =
      target.write(at, path.c_str(), path.size() + 1)
          ? injection->make(SYS_openat, {static_cast<std::uint64_t>(AT_FDCWD), at, O_PATH | O_CLOEXEC, 0, 0, kOwnCall})
          : Result<long>(fail(EFAULT));
  if (opened) {
    const auto low = static_cast<std::uint64_t>(*opened);
    const std::uint64_t how = close_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD;
    opened = injection->make(SYS_fcntl, {low, how, static_cast<std::uint64_t>(first)});
    (void)injection->make(SYS_close, {low});
  }
  injection->set_result(opened);
}

} // namespace daxemu::supervise
