#include "runtime/preload/process/spawn_places.hpp"

#include <algorithm>

namespace daxemu::preload {

const SpawnPlaces::Place* SpawnPlaces::find(const void* actions) const noexcept {
  const auto* place =
      std::find_if(places_.begin(), places_.end(), [=](const Place& one) { return one.actions == actions; });
  return place != places_.end() ? &*place : nullptr;
}

void SpawnPlaces::enter(const void* actions, std::string_view directory) noexcept {
  const std::lock_guard guard(lock_);
  const Place* known = find(actions);
  const Place* free = known != nullptr ? known : find(nullptr);
  if (free == nullptr) {
    return;
  }
  Place& place = places_[static_cast<std::size_t>(free - places_.data())];
  const bool whole = directory.starts_with('/') || known == nullptr;
  PathText next;
  const bool kept = (whole ? next.assign(directory) : next.assign(place.directory.view()) && next.push(directory)) &&
                    place.directory.assign(next.view());
  place.actions = kept ? actions : nullptr;
}

void SpawnPlaces::forget(const void* actions) noexcept {
  const std::lock_guard guard(lock_);
  if (const Place* place = find(actions); place != nullptr) {
    places_[static_cast<std::size_t>(place - places_.data())].actions = nullptr;
  }
}

bool SpawnPlaces::complete(const void* actions, std::string_view path, PathText& into) const noexcept {
  if (path.empty() || path.starts_with('/')) {
    return false;
  }
  const std::lock_guard guard(lock_);
  const Place* place = find(actions);
  return place != nullptr && into.assign(place->directory.view()) && into.push(path);
}

} // namespace daxemu::preload
