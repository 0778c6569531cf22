// syscall(2): programs that name a call by its number (libuv's statx, tools newer than their C library) mean the same
// call. What the table of calls says is handled goes to the interposed function of that name (or by_number's); every
// other number passes through.
#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <iterator>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/quota.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

extern "C" { // glibc 2.36 has forgotten to
#include <sys/pidfd.h>
int pivot_root(const char* root, const char* old); // in no header
}

#include "emu/trace/acting_for.hpp"
#include "emu/trace/site.hpp"
#include "emu/trace/why.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/pin_sites.hpp"
#include "runtime/preload/hooks/process/by_number.hpp"

namespace daxemu::preload::by_number {
namespace {

// For who reads reasons: the hook below says where it was called.
void name_call(const char* name) {
  if (trace::explains()) [[unlikely]] {
    trace::detail::call_name = name;
  }
}

// A function of this name space is found before the C library's.
long dispatch(const Words& words) {
  switch (words.number) {
#define DAXEMU_CALL(name, number, names, answer, entries, by) DAXEMU_IF_##answer(name, number)
#define DAXEMU_IF_handled(name, number)                                                                                \
  case number:                                                                                                         \
    name_call(#name);                                                                                                  \
    return forward(name, words);
#define DAXEMU_IF_harmless(name, number)
#define DAXEMU_IF_gap(name, number)
#include "runtime/calls/every_call.def"
  default:
    return pass(words);
  }
}

} // namespace
long perform(const RequestedCall& call) {
  Words words{call.number, {}, 0};
  const trace::CallSite inside(nullptr); // what dispatch() notes goes with it
  std::copy(call.word.begin(), call.word.end(), std::begin(words.word));
  const int kept = errno;
  const long value = dispatch(words);
  const int code = std::exchange(errno, kept);
  return value < 0 ? -code : value;
}

} // namespace daxemu::preload::by_number

DAXEMU_HOOK(long, syscall, (long number, ...)) {
  daxemu::preload::by_number::Words words{number, {}, daxemu::preload::noted_site(__builtin_return_address(0))};
  const daxemu::trace::CallSite here(daxemu::trace::explains() ? __builtin_return_address(0) : nullptr);
  va_list list;
  va_start(list, number);
  for (long& word : words.word) {
    word = va_arg(list, long);
  }
  va_end(list);
  if (number == daxemu::trace::kActForCall && daxemu::trace::explains()) [[unlikely]] {
    daxemu::trace::detail::acting_for = static_cast<pid_t>(words.word[0]);
    return 0;
  }
  return daxemu::preload::by_number::dispatch(words);
}
