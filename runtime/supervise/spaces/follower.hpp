// What happens to devices reaches the programs' mappings: the driver that lets go, memory that fails, both healed. As
// Watcher and AddressSpace::follow do it for the process that they are in; here a thread of the program is stopped and
// drops the pages itself, for nobody else can. Their next touch is then served, or refused, as any first one.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "emu/store/store.hpp"
#include "runtime/supervise/spaces/in_hand.hpp"
#include "runtime/supervise/spaces/spaces.hpp"
#include "runtime/supervise/spaces/telling.hpp"

namespace daxemu::supervise {

class Follower {
public:
  Follower(const Devices& devices, Spaces& spaces, const InHand& in_hand)
      : devices_(devices), spaces_(spaces), in_hand_(in_hand) {}
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  ~Follower();

  // From the first mapping on; who changes something waits for us from then on. Again: nothing.
  void start();
  // What is left to do in a process is done by `tracee`, a thread of it.
  [[nodiscard]] bool owes_any() const { return owing_.load(); }
  [[nodiscard]] bool owes(pid_t process) const;
  void catch_up(Tracee& tracee, pid_t process);
  // Which engine serves programs, for `daxemu list`.
  void say(store::EngineKind engine) const;

  using Drops = std::vector<Drop>;
  // False: not all of it could be done.
  bool drop_by(Tracee& tracee, pid_t process, const Drops& drops);

private:
  void run();
  [[nodiscard]] Drops look() const;
  void drop_everywhere(const Drops& drops);
  // True: it is done, or there is nothing to be done.
  [[nodiscard]] bool drop_in(pid_t process, const Drops& drops);
  [[nodiscard]] bool place_filler(Tracee& tracee, const Piece& piece, std::uint64_t start, std::uint64_t end) const;
  void retry();
  void tell_the_rest();
  [[nodiscard]] bool owes_under_lock() const { return !owed_.empty() || !untold_.empty(); }
  void forget(pid_t process, std::size_t count);

  const Devices& devices_;
  Spaces& spaces_;
  const InHand& in_hand_;
  store::ProcessSlot* slot_ = nullptr;
  std::uint32_t seen_ = 0;
  std::atomic<bool> ends_{false};
  std::atomic<bool> owing_{false};
  mutable std::mutex lock_; // of what follows
  std::map<pid_t, Drops> owed_;
  std::map<pid_t, Telling> untold_; // by process
  std::thread thread_;
};

} // namespace daxemu::supervise
