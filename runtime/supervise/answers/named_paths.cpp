// Calls that name something by its path: does it lead to something of ours?
#include <algorithm>
#include <array>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/store/mount_table.hpp"
#include "runtime/preload/ground/path_text.hpp"
#include "runtime/preload/procfs/proc_files.hpp"
#include "runtime/supervise/answers/answers.hpp"
#include "runtime/supervise/answers/opening.hpp"

namespace daxemu::supervise {
namespace {

using preload::Follow;
using preload::Resolution;

constexpr std::string_view kProc = "/proc/";
constexpr std::string_view kSelf = "/proc/self";
constexpr std::string_view kThreadSelf = "/proc/thread-self";

// Links that mean another thing for whoever follows them.
std::string in_place_of(const Target& target, std::string path) {
  constexpr std::array kStreams = {std::string_view("/dev/stdin"), std::string_view("/dev/stdout"),
                                   std::string_view("/dev/stderr")};
  if (preload::is_at_or_below(path, "/dev/fd")) {
    path.replace(0, std::string_view("/dev").size(), kSelf);
  }
  for (std::size_t stream = 0; stream < kStreams.size(); ++stream) {
    if (path == kStreams[stream]) {
      path = fmt::format("{}/fd/{}", kSelf, stream);
    }
  }
  if (preload::is_at_or_below(path, kSelf)) {
    path.replace(0, kSelf.size(), fmt::format("/proc/{}", target.process()));
  } else if (preload::is_at_or_below(path, kThreadSelf)) {
    path.replace(0, kThreadSelf.size(), fmt::format("/proc/{}/task/{}", target.process(), target.thread()));
  }
  return path;
}

// A file of /proc that has lines of ours, and is of no process.
bool is_machine_file(const std::string& path) {
  return preload::ProcFiles::is_one(path.c_str()) && (path[kProc.size()] < '0' || path[kProc.size()] > '9');
}

// Where the path in argument `at` begins.
int start_of(const Call& call, const Shape& shape, unsigned at) {
  return at > 0 && shape.arguments[at - 1] == 'D' ? static_cast<int>(call.word[at - 1]) : AT_FDCWD;
}

// File systems where something of ours may be: that of our descriptors, too, and what the machine has mounted where a
// platform has folders of its own.
std::vector<dev_t> file_systems_of_ours(const store::Store& store) {
  std::vector<dev_t> found;
  for (const char* directory : {"/dev", "/sys", "/sys/kernel/debug", "/sys/kernel/tracing", "/proc"}) {
    if (const auto about = sys::fstatat(AT_FDCWD, directory, 0); about) {
      found.push_back(about->st_dev);
    }
  }
  const UniqueFd file(sys::memfd_create("daxemu", MFD_CLOEXEC).value_or(-1));
  for (const int fd : {file.get(), store.fd()}) {
    if (const auto about = sys::fstat(fd); about) {
      found.push_back(about->st_dev);
    }
  }
  return found;
}

} // namespace

std::optional<Answers::Named> Answers::named(const Target& target, const Call& call, const Shape& shape, unsigned at) {
  const auto text = target.text(call.word[at]);
  return text ? named(target, call, shape, at, *text) : std::nullopt;
}

// Cheaper than to find out its name, and most paths are: it is there, and on none of the file systems that have ours.
bool Answers::is_elsewhere(const Target& target, const Call& call, const Shape& shape, unsigned at,
                           const std::string& text) {
  if (shared_.empty()) {
    shared_ = file_systems_of_ours(context_->store());
  }
  if (text.empty() || text.starts_with("/dev/") || text.starts_with(kProc) || store::has_binds(context_->store())) {
    return false;
  }
  std::string path = text;
  if (text.front() != '/') {
    const int start = start_of(call, shape, at);
    if (start == AT_FDCWD ? places_.any() : start < 0 || may_be_ours(start)) {
      return false;
    }
    path = start == AT_FDCWD ? fmt::format("/proc/{}/cwd/{}", target.thread(), text)
                             : fmt::format("/proc/{}/fd/{}/{}", target.thread(), start, text);
  }
  const auto about = sys::fstatat(AT_FDCWD, path.c_str(), 0);
  // /proc/PID/map_files by a path from there leads to the bytes themselves, which no list of file systems has.
  return about && !S_ISCHR(about->st_mode) &&
         context_->store().device_of_bytes(about->st_dev, about->st_ino) == nullptr &&
         std::find(shared_.begin(), shared_.end(), about->st_dev) == shared_.end();
}

std::optional<Answers::Named> Answers::named(const Target& target, const Call& call, const Shape& shape, unsigned at,
                                             const std::string& text) {
  if (text.empty()) {
    return Named{};
  }
  if (text.front() == '/') {
    return Named{in_place_of(target, text)};
  }
  const int start = start_of(call, shape, at);
  if (start == AT_FDCWD && places_.any()) {
    if (const std::string place = places_.of(target.process()); !place.empty()) {
      return Named{fmt::format("{}/{}", place, text), true};
    }
  }
  const auto directory = start == AT_FDCWD ? target.directory() : target.name_of(start);
  if (!directory) {
    return std::nullopt;
  }
  return Named{fmt::format("{}{}{}", *directory, directory->back() == '/' ? "" : "/", text)};
}

// As the interposed calls find it out (preload/paths/path_call.hpp): by the text, or because the kernel finds nothing.
bool Answers::leads_to_ours(const std::string& path) const {
  const preload::Resolver& resolver = context_->resolver();
  const char* const text = path.c_str();
  const bool in_shared = preload::is_at_or_below(path, "/dev") ||
                         preload::is_at_or_below(path, "/sys"); // a directory with entries of both
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

// What the interposed calls say of another process: its mappings, by maps and the like and by the links to them, and
// its descriptors. `path` has the process by its number.
bool Answers::tells_of_ours(const Shape& shape, const std::string& path) const {
  if (!path.starts_with(kProc) || path[kProc.size()] < '0' || path[kProc.size()] > '9') {
    return false;
  }
  if (!shape.opens()) {
    const bool reads_link = shape.number == SYS_readlink || shape.number == SYS_readlinkat;
    return reads_link && mappings_.any() && path.find("/map_files/") != std::string::npos;
  }
  const std::string_view last = std::string_view(path).substr(path.rfind('/') + 1);
  if (last == "maps" || last == "smaps" || last == "numa_maps") {
    return mappings_.any();
  }
  int number = -1;
  (void)std::from_chars(last.data(), last.data() + last.size(), number);
  return number >= 0 && path.find("/fdinfo/") != std::string::npos && may_be_ours(number);
}

void Answers::by_path(const Target& target, const Call& call, const Shape& shape) {
  std::vector<std::string> paths;
  std::vector<unsigned> places;
  bool elsewhere = true;
  for (unsigned at = 0; at < shape.arguments.size(); ++at) {
    if (shape.arguments[at] == 'P') {
      auto text = target.text(call.word[at]);
      if (!text) {
        listener_->go_on(call);
        return;
      }
      elsewhere = elsewhere && is_elsewhere(target, call, shape, at, *text);
      paths.push_back(std::move(*text));
      places.push_back(at);
    }
  }
  // Of a walk that is bound to where it begins, only what the program itself has said is that.
  const std::vector<std::string> texts = call.number == SYS_openat2 ? paths : std::vector<std::string>();
  bool from_emulated = false;
  bool ours = false;
  for (std::size_t one = 0; one < paths.size() && !elsewhere; ++one) {
    const unsigned at = places[one];
    auto path = named(target, call, shape, at, paths[one]);
    if (!path) {
      listener_->go_on(call);
      return;
    }
    if (path->path.empty()) { // AT_EMPTY_PATH: of a descriptor
      const int start = start_of(call, shape, at);
      if (start >= 0 && may_be_ours(start)) {
        const auto fd = target.descriptor(start);
        ours = ours || (fd && is_ours(fd->get()));
      }
    } else {
      from_emulated = from_emulated || path->from_emulated;
      ours = ours || path->from_emulated || leads_to_ours(path->path) || tells_of_ours(shape, path->path);
    }
    if (shape.opens() && path->path.ends_with("/mem") && path->path.starts_with(kProc)) {
      pid_t process = 0;
      (void)std::from_chars(path->path.data() + kProc.size(), path->path.data() + path->path.size(), process);
      mappings_.leave(process);
    }
    paths[one] = std::move(path->path);
  }
  if (!ours || !target.shares_root()) {
    listener_->go_on(call);
    return;
  }
  const bool bound = call.number == SYS_openat2 && !from_emulated && is_bound(target, call.word[2], texts.front());
  make(target, call, shape, bound ? texts : paths, bound);
}

} // namespace daxemu::supervise
