#include "runtime/supervise/answers.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/sys.hpp"
#include "emu/trace/acting_for.hpp"
#include "runtime/preload/procfs/proc_files.hpp"
#include "runtime/supervise/local_call.hpp"
#include "runtime/supervise/rights.hpp"

namespace daxemu::supervise {
namespace {

using preload::Follow;
using preload::Resolution;

constexpr std::string_view kSelf = "/proc/self";
constexpr std::string_view kThreadSelf = "/proc/thread-self";

bool begins_with(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

// Links that mean another thing for whoever follows them.
std::string in_place_of(const Target& target, std::string path) {
  constexpr std::array kStreams = {std::string_view("/dev/stdin"), std::string_view("/dev/stdout"),
                                   std::string_view("/dev/stderr")};
  if (begins_with(path, "/dev/fd")) {
    path.replace(0, std::string_view("/dev").size(), kSelf);
  }
  for (std::size_t stream = 0; stream < kStreams.size(); ++stream) {
    if (path == kStreams[stream]) {
      path = fmt::format("{}/fd/{}", kSelf, stream);
    }
  }
  if (begins_with(path, kSelf)) {
    path.replace(0, kSelf.size(), fmt::format("/proc/{}", target.process()));
  } else if (begins_with(path, kThreadSelf)) {
    path.replace(0, kThreadSelf.size(), fmt::format("/proc/{}/task/{}", target.process(), target.thread()));
  }
  return path;
}

// A file of /proc that has lines of ours, and is of no process.
bool is_machine_file(const std::string& path) {
  constexpr std::string_view kProc = "/proc/";
  return preload::ProcFiles::is_one(path.c_str()) && (path[kProc.size()] < '0' || path[kProc.size()] > '9');
}

// Whether the descriptor that a call gives is to go at an exec.
bool closes_on_exec(const Target& target, const Call& call) {
  switch (call.number) {
  case SYS_open:
    return (call.word[1] & O_CLOEXEC) != 0;
  case SYS_openat:
    return (call.word[2] & O_CLOEXEC) != 0;
  case SYS_openat2: {
    open_how how{};
    return target.read(&how, call.word[2], sizeof how) && (how.flags & O_CLOEXEC) != 0;
  }
  default:
    return false;
  }
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
  case By::memory:
    mappings_.answer(target, call);
    break;
  }
}

std::optional<Answers::Named> Answers::named(const Target& target, const Call& call, const Shape& shape, unsigned at) {
  const auto text = target.text(call.word[at]);
  if (!text) {
    return std::nullopt;
  }
  if (text->empty()) {
    return Named{};
  }
  if (text->front() == '/') {
    return Named{in_place_of(target, *text)};
  }
  const bool has_start = at > 0 && shape.arguments[at - 1] == 'D';
  const int start = has_start ? static_cast<int>(call.word[at - 1]) : AT_FDCWD;
  if (start == AT_FDCWD && places_.any()) {
    if (const std::string place = places_.of(target.process()); !place.empty()) {
      return Named{fmt::format("{}/{}", place, *text), true};
    }
  }
  const auto directory = start == AT_FDCWD ? target.directory() : target.name_of(start);
  if (!directory) {
    return std::nullopt;
  }
  return Named{fmt::format("{}{}{}", *directory, directory->back() == '/' ? "" : "/", *text)};
}

// As the interposed calls find it out (preload/paths/path_call.hpp): by the text, or because the kernel finds nothing.
bool Answers::leads_to_ours(const std::string& path) const {
  const preload::Resolver& resolver = context_->resolver();
  const char* const text = path.c_str();
  const bool in_shared = begins_with(path, "/dev") || begins_with(path, "/sys"); // a directory with entries of both
  if (is_machine_file(path)) {
    return true;
  }
  if (!in_shared && !resolver.is_likely(AT_FDCWD, text) && !resolver.may_be_made(text) &&
      !resolver.leads_to_hidden(AT_FDCWD, text, Follow::always)) {
    const auto about = sys::fstatat(AT_FDCWD, text, 0);
    const bool is_missing = !about && (about.error() == Errno{ENOENT} || about.error() == Errno{ENOTDIR});
    if (!is_missing) {
      return about && S_ISCHR(about->st_mode) && resolver.leads_to_bound(AT_FDCWD, text, Follow::always);
    }
    if (!resolver.is_worth_a_walk(AT_FDCWD, text, Follow::always)) {
      return false;
    }
  }
  Resolution found;
  resolver.resolve(AT_FDCWD, text, Follow::always, found);
  if (found.kind != Resolution::Kind::foreign) {
    return true;
  }
  resolver.resolve(AT_FDCWD, text, Follow::not_last, found);
  return found.kind != Resolution::Kind::foreign;
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
  return on_standard_streams_ || static_cast<std::uint32_t>(number) >= numbers_.first;
}

void Answers::by_path(const Target& target, const Call& call, const Shape& shape) {
  std::vector<std::string> paths;
  bool ours = false;
  for (unsigned at = 0; at < shape.arguments.size(); ++at) {
    if (shape.arguments[at] != 'P') {
      continue;
    }
    auto path = named(target, call, shape, at);
    if (!path) {
      listener_->go_on(call);
      return;
    }
    if (path->path.empty()) { // AT_EMPTY_PATH: of a descriptor
      const int start = at > 0 && shape.arguments[at - 1] == 'D' ? static_cast<int>(call.word[at - 1]) : AT_FDCWD;
      if (start >= 0 && may_be_ours(start)) {
        const auto fd = target.descriptor(start);
        ours = ours || (fd && is_ours(fd->get()));
      }
    } else {
      ours = ours || path->from_emulated || leads_to_ours(path->path);
    }
    if (shape.opens && give_maps(target, call, path->path)) {
      return;
    }
    paths.push_back(std::move(path->path));
  }
  if (!ours || !target.shares_root()) {
    listener_->go_on(call);
    return;
  }
  make(target, call, shape, paths);
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

void Answers::make(const Target& target, const Call& call, const Shape& shape, const std::vector<std::string>& paths) {
  auto local = LocalCall::carry(target, call, shape, paths);
  if (!local) {
    listener_->answer(call, tl::unexpected(local.error()));
    return;
  }
  const bool close_on_exec = shape.opens && closes_on_exec(target, call);
  if (!listener_->waits(call)) { // its memory may have been another's
    return;
  }
  const auto result = [&] {
    const Rights rights(target);
    return local->make();
  }();
  if (result && shape.opens) {
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
  constexpr std::uint64_t kRoom = 1024; // below the red zone
  const std::uint64_t at = (injection->stack() - kRoom) & ~std::uint64_t{15};
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

bool Answers::give_maps(const Target& target, const Call& call, const std::string& path) {
  constexpr std::string_view kProc = "/proc/";
  pid_t process = 0;
  if (!path.starts_with(kProc) || !path.ends_with("/maps") ||
      std::from_chars(path.data() + kProc.size(), path.data() + path.size(), process).ec != std::errc()) {
    return false;
  }
  const auto file = mappings_.maps_of(process);
  if (file) {
    give(target, call, file->get(), 0, closes_on_exec(target, call));
  }
  return file.has_value();
}

} // namespace daxemu::supervise
