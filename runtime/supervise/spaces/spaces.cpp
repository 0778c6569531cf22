#include "runtime/supervise/spaces/spaces.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/own_call.hpp"
#include "runtime/fault/engines/burst_spin.hpp"
#include "runtime/supervise/spaces/target.hpp"

#ifndef UFFD_FEATURE_EXACT_ADDRESS
#define UFFD_FEATURE_EXACT_ADDRESS (1 << 11)
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

namespace daxemu::supervise {
namespace {

using store::EngineKind;

constexpr std::size_t kBatch = 16; // messages

long filters_of(pid_t thread) {
  constexpr std::string_view kLabel = "Seccomp_filters:\t";
  const std::string status = Target(thread).proc_file("status");
  const std::size_t at = status.find(kLabel);
  long count = 0;
  if (at != std::string::npos) {
    (void)std::from_chars(status.data() + at + kLabel.size(), status.data() + status.size(), count);
  }
  return count;
}

// By its own right to the device (Linux 6.1).
Result<long> by_device(Tracee& tracee) {
  constexpr std::string_view kDevice("/dev/userfaultfd");
  const std::uint64_t name = tracee.scratch();
  if (!Target(tracee.thread()).write(name, kDevice.data(), kDevice.size() + 1)) {
    return fail(EFAULT);
  }
  const auto door =
      tracee.make(SYS_openat, {static_cast<std::uint64_t>(AT_FDCWD), name, O_RDWR | O_CLOEXEC, 0, 0, kOwnCall});
  if (!door) {
    return tl::unexpected(door.error());
  }
  const auto holder = static_cast<std::uint64_t>(*door);
  const auto made = tracee.make(SYS_ioctl, {holder, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK, 0, 0, kOwnCall});
  (void)tracee.make(SYS_close, {holder});
  return made;
}

// Its children's touches (which needs CAP_SYS_PTRACE) and what it moves are told of too, and the very byte that was
// touched (Linux 5.18).
constexpr std::array<std::uint64_t, 4> kEvents = {
    UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EXACT_ADDRESS,
    UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP, UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EXACT_ADDRESS,
    UFFD_FEATURE_EVENT_REMAP};

} // namespace

Spaces::Spaces(const Devices& devices)
    : devices_(devices), refusals_(devices), touches_(devices, refusals_, devices.store().platform().exact == 0),
      filters_(filters_of(::getpid())) {}

Spaces::~Spaces() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }
}

bool Spaces::wanted() const {
  return devices_.store().platform().engine != EngineKind::populate;
}

std::vector<std::shared_ptr<Space>> Spaces::all() const {
  const std::scoped_lock guard(lock_);
  std::vector<std::shared_ptr<Space>> found;
  for (const auto& [fd, space] : spaces_) {
    found.push_back(space);
  }
  return found;
}

std::vector<std::shared_ptr<Space>> Spaces::of(pid_t process) const {
  std::vector<std::shared_ptr<Space>> unknown;
  std::vector<std::shared_ptr<Space>> known;
  for (auto& space : all()) {
    if (space->process() == process && !space->is_gone()) {
      known.push_back(std::move(space));
    } else if (space->process() == 0) {
      unknown.push_back(std::move(space));
    }
  }
  return known.empty() ? unknown : known;
}

void Spaces::leave(pid_t process) const {
  for (const auto& space : of(process)) {
    if (space->process() == process) {
      space->leave();
    }
  }
}

void Spaces::note_huge(pid_t process, std::uint64_t start, std::uint64_t end, bool huge) const {
  for (const auto& space : of(process)) {
    if (space->process() == process) {
      space->note_huge(start, end, huge);
    }
  }
}

void Spaces::forget(pid_t process, const std::vector<Piece>& pieces, std::uint64_t start, std::uint64_t end) const {
  for (const auto& space : any() ? of(process) : std::vector<std::shared_ptr<Space>>()) {
    for (const Piece& piece : pieces) {
      const std::uint64_t from = std::max(start, piece.start);
      const std::uint64_t to = std::min(end, piece.end);
      if (space->process() == process && piece.view != nullptr && from < to) {
        space->forget(*piece.view, piece.offset_of(from), piece.offset_of(to));
      }
    }
  }
}

std::shared_ptr<Space> Spaces::by_number(int fd) const {
  const std::scoped_lock guard(lock_);
  const auto found = spaces_.find(fd);
  return found == spaces_.end() ? nullptr : found->second;
}

Result<void> Spaces::watch(Tracee& tracee, pid_t process, fault::DeviceView& view, std::uint64_t start,
                           std::uint64_t length, std::uint64_t offset) {
  for (const auto& space : of(process)) { // one of the program before an exec has nothing there
    if (space->process() == process && space->watch(view, start, length)) {
      space->forget(view, offset, offset + length);
      return {};
    }
  }
  const auto made = make(tracee, process);
  return made ? (*made)->watch(view, start, length) : tl::unexpected(made.error());
}

Result<fault::Uffd> Spaces::open_in(Tracee& tracee, pid_t process) const {
  if (filters_of(process) > filters_ + 1) { // what we have it call may be deadly there
    return fail(EPERM);
  }
  const bool any = devices_.store().platform().engine == EngineKind::handler; // asked for by name
  auto kind = fault::UffdKind::syscall_full;
  auto theirs = tracee.make(SYS_userfaultfd, {O_CLOEXEC | O_NONBLOCK});
  if (!theirs) {
    kind = fault::UffdKind::device_full;
    theirs = by_device(tracee);
  }
  if (!theirs && any) {
    kind = fault::UffdKind::user_mode_only;
    theirs = tracee.make(SYS_userfaultfd, {O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY});
  }
  if (!theirs) {
    return tl::unexpected(theirs.error());
  }
  auto ours = Target(process).descriptor(static_cast<int>(*theirs));
  (void)tracee.make(SYS_close, {static_cast<std::uint64_t>(*theirs)});
  if (!ours) {
    return tl::unexpected(ours.error());
  }
  Result<fault::Uffd> agreed = fail(EINVAL);
  for (const std::uint64_t events : kEvents) {
    agreed = fault::agree_on(*ours, kind, fault::needed_features() | events);
    if (agreed) {
      break;
    }
  }
  return agreed;
}

Result<std::shared_ptr<Space>> Spaces::make(Tracee& tracee, pid_t process) {
  auto uffd = open_in(tracee, process);
  if (!uffd) {
    return tl::unexpected(uffd.error());
  }
  auto space = std::make_shared<Space>(devices_, std::move(*uffd), process);
  if (auto added = add(space); !added) {
    return tl::unexpected(added.error());
  }
  return space;
}

Result<void> Spaces::add(const std::shared_ptr<Space>& space) {
  forget_the_dead();
  const std::scoped_lock guard(lock_);
  if (!poll_) {
    poll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    stop_.reset(::eventfd(0, EFD_CLOEXEC));
    epoll_event stop{EPOLLIN, {}};
    stop.data.fd = stop_.get();
    if (!poll_ || !stop_ || ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, stop_.get(), &stop) != 0) {
      poll_.reset();
      return fail(EMFILE);
    }
  }
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      return fail(EAGAIN);
    }
  }
  const int fd = space->calls().fd();
  epoll_event event{EPOLLIN, {}};
  event.data.fd = fd;
  spaces_[fd] = space;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    spaces_.erase(fd);
    return fail(errno);
  }
  return {};
}

// The kernel does not tell that an address space has ended.
void Spaces::forget_the_dead() {
  for (const auto& space : all()) {
    if (space->is_gone()) {
      const std::scoped_lock guard(lock_);
      (void)::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, space->calls().fd(), nullptr);
      spaces_.erase(space->calls().fd());
    }
  }
}

void Spaces::run() {
  std::array<epoll_event, kBatch> events;
  fault::BurstSpin spin(std::thread::hardware_concurrency() > 1);
  while (true) {
    const bool looks = spin.again();
    const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), looks ? 0 : -1);
    int served = 0;
    for (int at = 0; at < count; ++at) {
      if (events[at].data.fd == stop_.get()) {
        return;
      }
      served += read(events[at].data.fd);
    }
    if (served > 0) {
      spin.found();
    }
  }
}

int Spaces::read(int fd) {
  const std::scoped_lock serving(refusals_.serving());
  const auto space = by_number(fd);
  std::array<uffd_msg, kBatch> messages;
  const auto got = space == nullptr ? Result<long>(0L)
                                    : sys::call(SYS_read, fd, reinterpret_cast<long>(messages.data()), sizeof messages);
  if (!got && (got.error() == Errno{EMFILE} || got.error() == Errno{ENFILE})) { // a child waits to be told of
    constexpr timespec kMoment{0, 1'000'000};
    forget_the_dead();
    (void)sys::call(SYS_nanosleep, reinterpret_cast<long>(&kMoment), 0);
  }
  const auto count = static_cast<std::size_t>(got.value_or(0)) / sizeof(uffd_msg);
  for (std::size_t at = 0; at < count; ++at) {
    if (messages[at].event == UFFD_EVENT_FORK) {
      adopt_child(*space, static_cast<int>(messages[at].arg.fork.ufd));
    } else {
      touches_.serve(space, messages[at]);
    }
  }
  return static_cast<int>(count);
}

// What it inherited is watched by a userfaultfd of its own. Which process it is becomes known by its first touch.
void Spaces::adopt_child(const Space& parent, int fd) {
  fault::Uffd uffd{UniqueFd(fd), fault::UffdKind::syscall_full, 0, parent.tracks()};
  (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
  for (const fault::DeviceView& view : devices_.all()) {
    view.note_change(); // it may come, write and go
  }
  const auto child = std::make_shared<Space>(devices_, std::move(uffd), 0);
  child->inherit(parent);
  (void)add(child);
}

} // namespace daxemu::supervise
