#include "runtime/supervise/spaces/space.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {
namespace {

bool maps_a_device(pid_t thread, const Devices& devices, std::uint64_t address) {
  const auto maps = ProcessMaps::of(thread);
  const auto piece = maps ? maps->at(devices, address) : std::nullopt;
  return piece && piece->view != nullptr;
}

// In other namespaces it has other numbers, its own last: "NSpid:\t123\t7".
bool is_called(pid_t thread, pid_t number) {
  const std::string status = Target(thread).proc_file("status");
  std::size_t at = status.find("\nNSpid:");
  if (at == std::string::npos) {
    return false;
  }
  const std::size_t end = status.find('\n', at + 1);
  at = status.rfind('\t', end) + 1;
  pid_t last = 0;
  (void)std::from_chars(status.data() + at, status.data() + end, last);
  return last == number;
}

} // namespace

pid_t thread_here(pid_t number, const Devices& devices, std::uint64_t address) {
  if (number == 0 || (is_called(number, number) && maps_a_device(number, devices, address))) {
    return number;
  }
  pid_t found = 0;
  DIR* const list = ::opendir("/proc");
  while (const dirent* entry = list == nullptr || found != 0 ? nullptr : ::readdir(list)) {
    const std::string_view name(entry->d_name);
    pid_t process = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), process).ec != std::errc() ||
        !maps_a_device(process, devices, address)) {
      continue;
    }
    DIR* const tasks = ::opendir(fmt::format("/proc/{}/task", process).c_str());
    while (const dirent* task = tasks == nullptr || found != 0 ? nullptr : ::readdir(tasks)) {
      pid_t thread = 0;
      const std::string_view text(task->d_name);
      if (std::from_chars(text.data(), text.data() + text.size(), thread).ec == std::errc() &&
          is_called(thread, number)) {
        found = thread;
      }
    }
    if (tasks != nullptr) {
      ::closedir(tasks);
    }
  }
  if (list != nullptr) {
    ::closedir(list);
  }
  return found;
}

Space::Space(const Devices& devices, fault::Uffd uffd, pid_t process)
    : devices_(&devices), uffd_(std::move(uffd)), calls_(uffd_.fd.get(), uffd_.tracks), process_(process) {
  if (auto maps = process == 0 ? fail(ESRCH) : ProcessMaps::of(process); maps) {
    maps_ = std::move(*maps);
  }
}

// Nothing of ours is there, so this says only whether the address space is (userfaultfd_continue: ESRCH).
bool Space::is_gone() const {
  constexpr std::uint64_t kNowhere = 0x1'0000; // the least address that may be mapped
  const auto asked = calls_.resume(kNowhere, kPageSize);
  return !asked && asked.error() == Errno{ESRCH};
}

Result<void> Space::watch(const fault::DeviceView& view, std::uint64_t start, std::uint64_t length) const {
  if (left_.load()) {
    return fail(EPERM);
  }
  return length == 0 ? Result<void>() : calls_.watch(start, length, view.tracks_writes());
}

std::optional<Piece> Space::at(std::uint64_t address, pid_t thread) {
  if (process_.load() == 0) { // the kernel has not said which process the child became
    pid_t process = Target(thread).process();
    const auto maps_of = [](pid_t one) { return one == ::getpid() ? fail(ESRCH) : ProcessMaps::of(one); };
    auto maps = maps_of(process);
    if (const auto piece = maps ? maps->at(*devices_, address) : std::nullopt; !piece || piece->view == nullptr) {
      // Its number is that of its own namespace: who has it here is another.
      const pid_t here = thread_here(thread, *devices_, address);
      process = here != 0 ? Target(here).process() : process;
      maps = maps_of(process);
    }
    if (!maps) {
      return std::nullopt;
    }
    maps_ = std::move(*maps);
    process_.store(process);
  }
  return maps_.at(*devices_, address);
}

void Space::leave() {
  left_.store(true);
  for (const Piece& piece : maps_.pieces(*devices_)) {
    if (piece.view == nullptr) {
      continue;
    }
    (void)calls_.unwatch(piece.start, piece.end - piece.start);
    const std::uint64_t end = std::min(piece.offset_of(piece.end), piece.view->size());
    for (std::uint64_t at = piece.offset; at < end; at += piece.view->align()) { // as with the engine populate
      (void)piece.view->note_touch(piece.view->extent_at(at));
      (void)piece.view->bring(piece.view->extent_at(at));
    }
  }
}

void Space::note_huge(std::uint64_t start, std::uint64_t end, bool huge) {
  const std::scoped_lock guard(lock_);
  std::map<std::uint64_t, std::uint64_t> kept;
  for (const auto& [from, to] : without_huge_) {
    if (from < start) {
      kept[from] = std::min(to, start);
    }
    if (to > end) {
      kept[std::max(from, end)] = to;
    }
  }
  if (!huge && start < end) {
    kept[start] = end;
  }
  without_huge_ = std::move(kept);
}

bool Space::is_without_huge(std::uint64_t address) const {
  const std::scoped_lock guard(lock_);
  const auto behind = without_huge_.upper_bound(address);
  return behind != without_huge_.begin() && std::prev(behind)->second > address;
}

void Space::inherit(const Space& parent) {
  {
    const std::scoped_lock guard(parent.lock_, lock_);
    without_huge_ = parent.without_huge_;
  }
  for (const Piece& piece : parent.process() == 0 ? std::vector<Piece>() : parent.maps_.pieces(*devices_)) {
    if (piece.view != nullptr) { // refused where the child has no such mapping (MADV_DONTFORK)
      (void)watch(*piece.view, piece.start, piece.end - piece.start);
    }
  }
}

void Space::forget(fault::DeviceView& view, std::uint64_t begin, std::uint64_t end) {
  const std::scoped_lock guard(lock_);
  if (const auto found = touched_.find(&view); found != touched_.end() && begin < end) {
    const std::uint64_t first = begin / view.align();
    resolver_.forget(view, found->second->faulted, first, (end - 1) / view.align() + 1 - first);
  }
}

Space::Touched* Space::touched(fault::DeviceView& view) {
  const std::scoped_lock guard(lock_);
  auto& entry = touched_[&view];
  if (entry == nullptr) {
    auto made = std::make_unique<Touched>();
    if (!made->faulted.reserve(view.faulted().size())) {
      return nullptr;
    }
    entry = std::move(made);
  }
  return entry.get();
}

} // namespace daxemu::supervise
