// Where a walk along a path is; how it goes on is in walk.cpp.
#pragma once

#include <cstdint>

#include "runtime/preload/names/resolver.hpp"

namespace daxemu::preload {

inline constexpr int kMostLinks = 40; // MAXSYMLINKS in include/linux/namei.h

// `at` is canonical, `rest` is what is still to come.
struct Resolver::Walk {
  PathText at;
  PathText rest;
  int links = 0;
  std::size_t name_begins = 0; // in `at`, of the component just stepped on
  bool crossed = false;        // some step was emulated: the kernel could not follow
  bool unproven = false;       // the last step was on something real that is no link: a directory, or a file
  bool magic = false;          // `rest` is the target of a link in /proc
  std::uint64_t rules = 0;     // RESOLVE_* of openat2(2)
  std::size_t floor = 0;   // length of `at` where the walk began: what RESOLVE_BENEATH and RESOLVE_IN_ROOT are about
  std::uint64_t mount = 0; // the file system it began on, for RESOLVE_NO_XDEV
  bool uncached = false; // a step that RESOLVE_CACHED does not allow: what is looked up there may have to be waited for
};

} // namespace daxemu::preload
