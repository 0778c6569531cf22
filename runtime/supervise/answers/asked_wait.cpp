#include "runtime/supervise/answers/asked_wait.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>

#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "runtime/preload/waits/select_bits.hpp"

namespace daxemu::supervise {
namespace {

namespace select_bits = preload::select_bits;

constexpr std::uint64_t kMostWaits = 1024; // of one call; with more it is the kernel's
constexpr std::int64_t kMilli = 1'000'000; // ns
constexpr std::int64_t kMicro = 1000;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLongest = std::int64_t{1} << 33; // s

} // namespace

std::optional<AskedWait> AskedWait::of(const Target& target, const Call& call) {
  AskedWait asked;
  const bool selects = call.number == SYS_select || call.number == SYS_pselect6;
  if (!(selects ? asked.take_selected(target, call) : asked.take_polled(target, call)) || asked.waits_.empty()) {
    return std::nullopt;
  }
  return asked;
}

bool AskedWait::take_polled(const Target& target, const Call& call) {
  if (call.word[1] > kMostWaits) {
    return false;
  }
  array_ = call.word[0];
  waits_.resize(call.word[1]);
  if (waits_.empty() || !target.read(waits_.data(), array_, waits_.size() * sizeof(pollfd))) {
    return false;
  }
  if (call.number == SYS_ppoll) {
    return take_time(target, call.word[2], TimeForm::timespec) && take_mask(target, call.word[3], call.word[4]);
  }
  const auto milliseconds = static_cast<int>(call.word[2]);
  timeout_ = milliseconds < 0 ? -1 : milliseconds * kMilli;
  return true;
}

bool AskedWait::take_selected(const Target& target, const Call& call) {
  const auto count = static_cast<int>(call.word[0]);
  if (count <= 0 || count > FD_SETSIZE) {
    return false;
  }
  constexpr std::size_t kWord = 8 * sizeof(long);
  set_size_ = (static_cast<std::size_t>(count) + kWord - 1) / kWord * sizeof(long);
  unsigned argument = 1;
  for (Set* set : {&readable_, &writable_, &exceptional_}) {
    set->place = call.word[argument++];
    if (set->place != 0 && !target.read(&set->bits, set->place, set_size_)) {
      return false;
    }
  }
  for (int fd = 0; fd < count; ++fd) {
    const int events = (readable_.has(fd) ? select_bits::kIn : 0) | (writable_.has(fd) ? select_bits::kOut : 0) |
                       (exceptional_.has(fd) ? select_bits::kEx : 0);
    if (events != 0) {
      waits_.push_back({.fd = fd, .events = static_cast<short>(events), .revents = 0});
    }
  }
  if (call.number == SYS_select) {
    return take_time(target, call.word[4], TimeForm::timeval);
  }
  std::array<std::uint64_t, 2> mask{}; // sys_pselect6(): where it is, and its size
  return take_time(target, call.word[4], TimeForm::timespec) &&
         (call.word[5] == 0 || target.read(mask.data(), call.word[5], sizeof mask)) &&
         take_mask(target, mask[0], mask[1]);
}

bool AskedWait::take_time(const Target& target, std::uint64_t place, TimeForm form) {
  if (place == 0) {
    return true;
  }
  std::array<std::int64_t, 2> given{}; // both forms are two of these
  static_assert(sizeof given == sizeof(timespec) && sizeof given == sizeof(timeval));
  if (!target.read(given.data(), place, sizeof given)) {
    return false;
  }
  if (form == TimeForm::timeval && given[0] >= 0 && given[1] >= 0) { // kern_select()
    given = {given[0] + given[1] / (kSecond / kMicro), given[1] % (kSecond / kMicro) * kMicro};
  }
  if (given[0] < 0 || given[1] < 0 || given[1] >= kSecond) { // poll_select_set_timeout()
    return false;
  }
  timeout_ = std::min(given[0], kLongest) * kSecond + given[1];
  time_form_ = form;
  time_place_ = place;
  return true;
}

bool AskedWait::take_mask(const Target& target, std::uint64_t place, std::uint64_t size) {
  if (place == 0) {
    return true;
  }
  std::uint64_t mask = 0;
  if (size != sizeof mask || !target.read(&mask, place, sizeof mask)) {
    return false;
  }
  mask_ = mask;
  return true;
}

bool AskedWait::is_answer(std::span<const pollfd> answered) const {
  return set_size_ == 0 || std::ranges::any_of(answered, select_bits::counts);
}

// As do_sys_poll(): only these fields, for others may be at the rest meanwhile. False: not all of it is there.
bool AskedWait::write_events(const Target& target, std::span<const pollfd> answered) const {
  std::vector<iovec> ours;
  std::vector<iovec> theirs;
  std::vector<short> events;
  events.reserve(answered.size());
  for (const pollfd& one : answered) {
    const std::uint64_t place = array_ + ours.size() * sizeof(pollfd) + offsetof(pollfd, revents);
    events.push_back(one.revents);
    ours.push_back({&events.back(), sizeof one.revents});
    theirs.push_back({reinterpret_cast<void*>(place), sizeof one.revents}); // NOLINT(performance-no-int-to-ptr)
  }
  return target.write(ours, theirs).has_value();
}

Result<long> AskedWait::write_sets(const Target& target, std::span<const pollfd> answered) const {
  long bits = 0;
  const auto put = [&](const Set& set, short takes) {
    fd_set result{};
    for (std::size_t at = 0; at < answered.size(); ++at) {
      if (set.has(waits_[at].fd) && (answered[at].revents & takes) != 0) {
        FD_SET(waits_[at].fd, &result);
        ++bits;
      }
    }
    return set.place == 0 || target.write(set.place, &result, set_size_).has_value();
  };
  return put(readable_, select_bits::kSetsIn) && put(writable_, select_bits::kSetsOut) &&
                 put(exceptional_, select_bits::kEx)
             ? Result<long>(bits)
             : fail(EFAULT);
}

// poll_select_finish(): of none nothing is said, and what cannot be written is no error.
void AskedWait::write_time(const Target& target, std::int64_t left) const {
  if (time_form_ == TimeForm::none || timeout_ == 0) {
    return;
  }
  const std::int64_t unit = time_form_ == TimeForm::timeval ? kMicro : 1;
  const std::array<std::int64_t, 2> rest{left / kSecond, left % kSecond / unit};
  (void)target.write(time_place_, rest.data(), sizeof rest);
}

Result<long> AskedWait::write_back(const Target& target, std::span<const pollfd> answered, Result<long> ready,
                                   std::int64_t left) const {
  write_time(target, left);
  if (set_size_ == 0) {
    return write_events(target, answered) ? ready : fail(EFAULT); // where a signal ended it, too
  }
  return ready ? write_sets(target, answered) : ready;
}

} // namespace daxemu::supervise
