// The address spaces of the programs whose first touches are served here, and the thread that does it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/supervise/spaces/refusals.hpp"
#include "runtime/supervise/spaces/touches.hpp"
#include "runtime/supervise/spaces/tracee.hpp"

namespace daxemu::supervise {

class Spaces {
public:
  explicit Spaces(const Devices& devices);
  Spaces(const Spaces&) = delete;
  Spaces& operator=(const Spaces&) = delete;
  ~Spaces(); // the kernel serves touches from now on

  // Does the platform want it?
  [[nodiscard]] bool wanted() const;
  // First touches of the range, which `tracee`, a thread of the process, has just mapped, come to us. `offset`: the
  // device's byte there. Errors: those of Space::watch, and of getting a userfaultfd: then the kernel serves them.
  [[nodiscard]] Result<void> watch(Tracee& tracee, pid_t process, fault::DeviceView& view, std::uint64_t start,
                                   std::uint64_t length, std::uint64_t offset);
  // The process is about to unmap those of [start, end).
  void forget(pid_t process, const std::vector<Piece>& pieces, std::uint64_t start, std::uint64_t end) const;
  // Those that may be the process's; the one that is, if it is known.
  [[nodiscard]] std::vector<std::shared_ptr<Space>> of(pid_t process) const;
  // Of the process's, as Space has them.
  void leave(pid_t process) const;
  void note_huge(pid_t process, std::uint64_t start, std::uint64_t end, bool huge) const;
  [[nodiscard]] std::vector<std::shared_ptr<Space>> all() const;
  // Is anything served by us, and not by the kernel?
  [[nodiscard]] bool any() const { return !all().empty(); }

private:
  [[nodiscard]] Result<std::shared_ptr<Space>> make(Tracee& tracee, pid_t process);
  [[nodiscard]] Result<fault::Uffd> open_in(Tracee& tracee, pid_t process) const;
  [[nodiscard]] Result<void> add(const std::shared_ptr<Space>& space);
  void forget_the_dead();
  [[nodiscard]] std::shared_ptr<Space> by_number(int fd) const;
  void run();
  // What has come of one; how many.
  int read(int fd);
  void adopt_child(const Space& parent, int fd);

  const Devices& devices_;
  Refusals refusals_;
  Touches touches_;
  long filters_ = 0; // seccomp filters of this process: a program's own would refuse what we have it call
  UniqueFd poll_;
  UniqueFd stop_;
  mutable std::mutex lock_;                      // of what follows
  std::map<int, std::shared_ptr<Space>> spaces_; // by the number of their userfaultfd
  std::thread thread_;
};

} // namespace daxemu::supervise
