// Programs that have changed into an emulated directory: the kernel has none for them to be in, so they stay where they
// were, and what they believe is remembered here. A child begins where its parent was.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <sys/types.h>

namespace daxemu::supervise {

class Places {
public:
  // Has anybody ever changed into one?
  [[nodiscard]] bool any() const { return !places_.empty(); }
  // Where `process` believes to be; empty: where the kernel says.
  [[nodiscard]] std::string of(pid_t process);
  void enter(pid_t process, const std::string& directory);
  void leave(pid_t process);

private:
  struct Place {
    std::string directory;     // empty: where the kernel says
    std::uint64_t started = 0; // the process, as /proc has it: its number may be another's later
  };
  [[nodiscard]] std::string of(pid_t process, unsigned most);

  std::map<pid_t, Place> places_;
};

} // namespace daxemu::supervise
