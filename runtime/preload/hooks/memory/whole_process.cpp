// What a program says of its whole process that decides about mappings of a device. Of huge pages prctl(2) tells, which
// is in process/filters.cpp.
#include <sys/personality.h>

#include "runtime/fault/process/whole_process.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"

namespace daxemu::preload {
namespace {

DAXEMU_REAL(personality, int(unsigned long));

} // namespace

DAXEMU_HOOK(int, personality, (unsigned long kind)) {
  const int before = real_personality(kind);
  if (before >= 0) {
    fault::WholeProcess::note_personality();
  }
  return before;
}

} // namespace daxemu::preload
