#include "runtime/supervise/answers/places.hpp"

#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {
namespace {

constexpr unsigned kMostParents = 64;

} // namespace

std::string Places::of(pid_t process) {
  return any() ? of(process, kMostParents) : std::string();
}

// A parent that nobody has asked about yet, such as the subshell that a pipeline is in, began where its own parent was.
std::string Places::of(pid_t process, unsigned most) {
  std::uint64_t started = 0;
  const pid_t parent = Target::parent_of(process, &started);
  const auto known = places_.find(process);
  if (known != places_.end() && known->second.started == started) {
    return known->second.directory;
  }
  const bool is_first = most == 0 || parent <= 1;
  Place place{is_first ? std::string() : of(parent, most - 1), started};
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
