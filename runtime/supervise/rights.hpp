// The program's user and groups for as long as a call is made here in its place: it may have given up those that the
// command began with. Of this thread only; what has the rights of the supervisor already costs a look at /proc.
//
// Only what files are opened by is taken over (setfsuid(2), setfsgid(2), groups, capabilities). The real user stays, by
// whom that user could send this thread a signal (kill(2)), which would end the supervisor for all whom it answers.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

class Rights {
public:
  enum class By {
    file_system, // as nearly all calls
    real,        // as access(2), with what a real root would be permitted (access_override_creds())
  };

  Rights(const Target& target, By by);
  Rights(const Rights&) = delete;
  Rights& operator=(const Rights&) = delete;
  ~Rights();

  [[nodiscard]] bool taken() const { return taken_; }

private:
  struct Who {
    uid_t user = 0;
    gid_t group = 0;
    bool operator==(const Who&) const = default;
  };
  void take(const Who& who, const std::vector<gid_t>& groups, bool without_capabilities);
  void give_back();

  bool taken_ = false;
  Who ours_;
  std::vector<gid_t> groups_;
  std::uint64_t effective_ = 0;
};

} // namespace daxemu::supervise
