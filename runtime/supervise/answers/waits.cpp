// poll(2) and select(2) with attributes among what is waited for: the interposed call waits here in the program's
// place, on copies of its descriptors. Where there are none, as nearly always, the kernel goes on.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <climits>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>

#include "runtime/preload/waits/deadline.hpp"
#include "runtime/preload/waits/readiness.hpp"
#include "runtime/supervise/answers/answers.hpp"
#include "runtime/supervise/answers/asked_wait.hpp"

namespace daxemu::supervise {
namespace {

constexpr int kMostCalls = 64;                 // at once: each has a thread of the crew, as others have
constexpr std::int64_t kLookAgain{20'000'000}; // ns: for signals, and whether it has ended
constexpr std::int64_t kMilli = 1'000'000;     // ns

std::uint64_t signals_in(const std::string& status, std::string_view label) {
  const std::size_t at = status.find(label);
  std::uint64_t mask = 0;
  if (at != std::string::npos) {
    (void)std::from_chars(status.data() + at + label.size(), status.data() + status.size(), mask, 16);
  }
  return mask;
}

// Would a signal interrupt the call? One whose answer we owe sleeps through all but SIGKILL.
enum class Signalled : std::uint8_t {
  no,
  yes,
  by_its_mask, // which has it come now, and nobody but the kernel can: what the thread itself blocks
};
Signalled is_signalled(const Target& target, const std::optional<std::uint64_t>& mask) {
  const std::string status = target.proc_file("status");
  const std::uint64_t pending = signals_in(status, "SigPnd:\t") | signals_in(status, "ShdPnd:\t");
  const std::uint64_t blocked = signals_in(status, "SigBlk:\t");
  const std::uint64_t coming = pending & ~mask.value_or(blocked);
  return coming == 0 ? Signalled::no : (coming & blocked) != 0 ? Signalled::by_its_mask : Signalled::yes;
}

// The program's descriptors, as ours.
struct Copies {
  std::vector<UniqueFd> held;
  std::vector<pollfd> asked;

  Copies() = default;
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;
  ~Copies() {
    for (const UniqueFd& fd : held) {
      preload::FdTable::forget(fd.get());
    }
  }
  // False: one is not open, which the kernel says at once, or none of them is an attribute.
  [[nodiscard]] bool take(const Target& target, std::span<const pollfd> theirs) {
    bool attributes = false;
    for (pollfd one : theirs) {
      one.revents = 0;
      if (one.fd >= 0) {
        auto copy = target.descriptor(one.fd);
        if (!copy) {
          return false;
        }
        preload::FdTable::forget(copy->get()); // the number had another file before
        attributes = preload::is_waited_for(copy->get()) || attributes;
        one.fd = copy->get();
        held.push_back(std::move(*copy));
      }
      asked.push_back(one);
    }
    return attributes;
  }
};

// What poll(2) returns; 0 where what it says is no answer to the call.
Result<long> look(const AskedWait& asked, Copies& copies, std::int64_t patience) {
  const auto milliseconds = static_cast<int>(std::min<std::int64_t>((patience + kMilli - 1) / kMilli, INT_MAX));
  const int ready = ::poll(copies.asked.data(), copies.asked.size(), milliseconds);
  if (ready > 0 && !asked.is_answer(copies.asked)) {
    (void)::poll(nullptr, 0, milliseconds); // else we would ask again at once
    return 0;
  }
  return ready < 0 ? Result<long>(fail(errno)) : ready;
}

} // namespace

void Answers::by_wait(const Target& target, const Call& call) {
  const auto asked = AskedWait::of(target, call);
  Copies copies;
  if (!asked ||
      std::ranges::none_of(asked->waits(), [this](const pollfd& one) { return one.fd >= 0 && may_be_ours(one.fd); }) ||
      !copies.take(target, asked->waits())) {
    listener_->go_on(call);
    return;
  }
  const preload::Deadline deadline(asked->timeout());
  Result<long> ready = look(*asked, copies, 0);
  const auto waits_on = [&] { return ready == 0L && deadline.left() != 0; };
  if (waits_on() && waits_ >= kMostCalls) {
    listener_->go_on(call);
    return;
  }
  if (waits_on()) {
    auto signalled = Signalled::no;
    ++waits_;
    crew_->step_aside([&] {
      do {
        signalled = is_signalled(target, asked->mask());
        const std::int64_t left = deadline.left();
        const std::int64_t patience = left < 0 ? kLookAgain : std::min(left, kLookAgain);
        ready = signalled != Signalled::no ? Result<long>(fail(EINTR)) : look(*asked, copies, patience);
      } while (waits_on() && listener_->waits(call));
    });
    --waits_;
    if (!listener_->waits(call)) { // its memory may be another's
      listener_->forget(call);
      return;
    }
    if (signalled == Signalled::by_its_mask) { // the kernel's wait has it come at once
      listener_->go_on(call);
      return;
    }
  }
  conclude(target, call, asked->write_back(target, copies.asked, ready, std::max<std::int64_t>(deadline.left(), 0)));
}

} // namespace daxemu::supervise
