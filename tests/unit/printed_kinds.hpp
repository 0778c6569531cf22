// What gtest calls a kernel, an engine and a backing in the names of tests.
#pragma once

#include <ostream>

#include "emu/base/profile.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu {

inline void PrintTo(KernelId kernel, std::ostream* out) {
  *out << profile_of(kernel).version;
}

} // namespace daxemu

namespace daxemu::store {

inline void PrintTo(BackingKind backing, std::ostream* out) {
  *out << (backing == BackingKind::shmem ? "shmem" : backing == BackingKind::hugetlb ? "hugetlb" : "another backing");
}

inline void PrintTo(EngineKind engine, std::ostream* out) {
  *out << (engine == EngineKind::handler    ? "handler"
           : engine == EngineKind::inline_  ? "inline"
           : engine == EngineKind::populate ? "populate"
                                            : "another engine");
}

} // namespace daxemu::store
