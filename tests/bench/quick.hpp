// A smoke run: everything once and small, to see that it runs. No number of it means anything.
#pragma once

#include <cstdlib>

namespace daxemu::bench {

inline bool quick() {
  return std::getenv("DAXEMU_BENCH_QUICK") != nullptr;
}

} // namespace daxemu::bench
