// The program's user and groups for as long as a call is made here in its place: it may have given up those that the
// command began with. Of this thread only; what has the rights of the supervisor already costs a look at /proc.
#pragma once

#include <vector>

#include <sys/types.h>

#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

class Rights {
public:
  explicit Rights(const Target& target);
  Rights(const Rights&) = delete;
  Rights& operator=(const Rights&) = delete;
  ~Rights();

private:
  // access(2) goes by the real ones, all else by the effective ones.
  struct Who {
    uid_t real_user = 0;
    uid_t user = 0;
    gid_t real_group = 0;
    gid_t group = 0;
    bool operator==(const Who&) const = default;
  };
  static void become(const Who& who, const std::vector<gid_t>& groups, bool groups_first);

  bool taken_ = false;
  Who ours_;
  std::vector<gid_t> groups_;
};

} // namespace daxemu::supervise
