// Where a child that posix_spawn(3) is to make will be when it opens something: its file actions may change the working
// directory before. libc keeps actions in memory of its own; this remembers the last directory of each list of them.
#pragma once

#include <array>
#include <mutex>
#include <string_view>

#include "emu/base/text/fixed_string.hpp"
#include "runtime/preload/ground/path_text.hpp"

namespace daxemu::preload {

class SpawnPlaces {
public:
  // The child goes to `directory`, from where it is by then. Forgotten if there are too many lists, or it is too long.
  void enter(const void* actions, std::string_view directory) noexcept;
  void forget(const void* actions) noexcept;
  // Makes `path` one that means the same wherever it is looked up. False: it is that already, or no place is known.
  [[nodiscard]] bool complete(const void* actions, std::string_view path, PathText& into) const noexcept;

private:
  struct Place {
    const void* actions = nullptr; // nullptr: free
    FixedString<1024> directory;
  };
  [[nodiscard]] const Place* find(const void* actions) const noexcept;

  mutable std::mutex lock_;
  std::array<Place, 8> places_{};
};

} // namespace daxemu::preload
