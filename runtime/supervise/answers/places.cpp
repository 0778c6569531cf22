#include "runtime/supervise/answers/places.hpp"

#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

std::string Places::of(pid_t process) {
  if (!any()) {
    return {};
  }
  std::uint64_t started = 0;
  const pid_t parent = Target::parent_of(process, &started);
  const auto known = places_.find(process);
  if (known != places_.end() && known->second.started == started) {
    return known->second.directory;
  }
  const auto parents = places_.find(parent);
  Place place{parents == places_.end() ? std::string() : parents->second.directory, started};
  return (places_[process] = std::move(place)).directory;
}

void Places::enter(pid_t process, const std::string& directory) {
  std::uint64_t started = 0;
  (void)Target::parent_of(process, &started);
  places_[process] = {directory, started};
}

void Places::leave(pid_t process) {
  if (any()) {
    enter(process, {});
  }
}

} // namespace daxemu::supervise
