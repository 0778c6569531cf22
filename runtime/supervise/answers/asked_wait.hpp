// What a program asked poll(2), ppoll(2), select(2) or pselect6(2) to wait for: its descriptors, how long, and with
// which signals held back; and how it gets the answer (fs/select.c).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <poll.h>
#include <sys/select.h>

#include "runtime/supervise/install/listener.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

class AskedWait {
public:
  // Nothing: something of it cannot be read or is no such thing, which the kernel says itself; or it is of more
  // descriptors than we take.
  [[nodiscard]] static std::optional<AskedWait> of(const Target& target, const Call& call);

  // By the program's numbers.
  [[nodiscard]] std::span<const pollfd> waits() const { return waits_; }
  [[nodiscard]] std::int64_t timeout() const { return timeout_; }           // ns; negative: none
  [[nodiscard]] std::optional<std::uint64_t> mask() const { return mask_; } // signals that are blocked meanwhile
  // Is what poll(2) said of them an answer? Of errors and ends select(2) tells only who asked.
  [[nodiscard]] bool is_answer(std::span<const pollfd> answered) const;

  // What the call returns; its memory has the rest then. `answered`: waits(), with what became of each, and by whatever
  // numbers. `left`: of the timeout, ns.
  [[nodiscard]] Result<long> write_back(const Target& target, std::span<const pollfd> answered, Result<long> ready,
                                        std::int64_t left) const;

private:
  struct Set {
    std::uint64_t place = 0; // in the program; 0: it has none
    fd_set bits{};
    [[nodiscard]] bool has(int fd) const { return place != 0 && FD_ISSET(fd, &bits); }
  };
  enum class TimeForm : std::uint8_t { none, timespec, timeval };

  [[nodiscard]] bool take_polled(const Target& target, const Call& call);
  [[nodiscard]] bool take_selected(const Target& target, const Call& call);
  [[nodiscard]] bool take_time(const Target& target, std::uint64_t place, TimeForm form);
  [[nodiscard]] bool take_mask(const Target& target, std::uint64_t place, std::uint64_t size);
  [[nodiscard]] bool write_events(const Target& target, std::span<const pollfd> answered) const;
  [[nodiscard]] Result<long> write_sets(const Target& target, std::span<const pollfd> answered) const;
  void write_time(const Target& target, std::int64_t left) const;

  std::vector<pollfd> waits_;
  std::uint64_t array_ = 0; // of poll(2)
  Set readable_, writable_, exceptional_;
  std::size_t set_size_ = 0; // bytes of each of them; 0: it is poll(2)
  std::int64_t timeout_ = -1;
  TimeForm time_form_ = TimeForm::none;
  std::uint64_t time_place_ = 0;
  std::optional<std::uint64_t> mask_;
};

} // namespace daxemu::supervise
