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
  bool taken_ = false;
  uid_t user_ = 0; // ours
  gid_t group_ = 0;
  std::vector<gid_t> groups_;
};

} // namespace daxemu::supervise
