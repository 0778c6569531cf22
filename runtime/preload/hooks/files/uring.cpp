// io_uring: liburing's functions that tell the kernel of requests and files. They enter the kernel by themselves, so
// that the calls below them cannot be interposed. io_uring_setup and the like, and the numbers of syscall(2), are for
// programs that do without the rest of liburing.
#include <dlfcn.h>
#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/preload/files/rings/registered_files.hpp"
#include "runtime/preload/files/rings/uring_calls.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/hooks/process/by_number.hpp"

using namespace daxemu::preload;

namespace {

// liburing comes with programs that use it, or is loaded by a plugin of theirs, out of RTLD_NEXT's sight.
template <SymbolName Name, class Function>
class Liburing : public Real<Name, Function> {
public:
  template <class... Args>
  int operator()(Args... args) const {
    Function* function = this->get();
    if (function == nullptr) {
      void* library = ::dlopen("liburing.so.2", RTLD_LAZY | RTLD_NOLOAD);
      function = library == nullptr ? nullptr : reinterpret_cast<Function*>(::dlsym(library, this->name()));
    }
    return function == nullptr ? -ENOSYS : function(args...);
  }
};

} // namespace

#define DAXEMU_URING_HOOK(name, before, declared, passed)                                                              \
  constinit Liburing<#name, int declared> real_##name{};                                                               \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    before;                                                                                                            \
    return real_##name passed;                                                                                         \
  }
#define DAXEMU_SUBMIT_HOOK(name, declared, passed)                                                                     \
  DAXEMU_URING_HOOK(name, refuse_device_requests(*ring, by_number::perform, __builtin_return_address(0)), declared,    \
                    passed)
DAXEMU_SUBMIT_HOOK(io_uring_submit, (struct io_uring * ring), (ring))
DAXEMU_SUBMIT_HOOK(io_uring_submit_and_get_events, (struct io_uring * ring), (ring))
DAXEMU_SUBMIT_HOOK(io_uring_submit_and_wait, (struct io_uring * ring, unsigned count), (ring, count))
DAXEMU_SUBMIT_HOOK(io_uring_submit_and_wait_timeout,
                   (struct io_uring * ring, io_uring_cqe** done, unsigned count, __kernel_timespec* limit,
                    sigset_t* mask),
                   (ring, done, count, limit, mask))

#define DAXEMU_REGISTER_HOOK(name, declared, first, passed)                                                            \
  constinit Liburing<#name, int declared> real_##name{};                                                               \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    const int done = real_##name passed;                                                                               \
    if (done >= 0) {                                                                                                   \
      RegisteredFiles::note(ring->ring_fd, first, files, count);                                                       \
    }                                                                                                                  \
    return done;                                                                                                       \
  }
DAXEMU_REGISTER_HOOK(io_uring_register_files, (struct io_uring * ring, const int* files, unsigned count), 0,
                     (ring, files, count))
DAXEMU_REGISTER_HOOK(io_uring_register_files_tags,
                     (struct io_uring * ring, const int* files, const __u64* tags, unsigned count), 0,
                     (ring, files, tags, count))
DAXEMU_REGISTER_HOOK(io_uring_register_files_update,
                     (struct io_uring * ring, unsigned offset, const int* files, unsigned count), offset,
                     (ring, offset, files, count))
DAXEMU_REGISTER_HOOK(io_uring_register_files_update_tag,
                     (struct io_uring * ring, unsigned offset, const int* files, const __u64* tags, unsigned count),
                     offset, (ring, offset, files, tags, count))

// Through syscall(2), whose hook is in syscall.cpp; these return -errno.
#define DAXEMU_URING_CALL(number, ...)                                                                                 \
  const long done = ::syscall(number, __VA_ARGS__);                                                                    \
  return done < 0 ? -errno : static_cast<int>(done)
DAXEMU_HOOK(int, io_uring_setup, (unsigned entries, io_uring_params* params)) {
  DAXEMU_URING_CALL(SYS_io_uring_setup, entries, params);
}
DAXEMU_HOOK(int, io_uring_enter, (unsigned fd, unsigned submit, unsigned wait, unsigned flags, sigset_t* mask)) {
  DAXEMU_URING_CALL(SYS_io_uring_enter, fd, submit, wait, flags, mask, _NSIG / 8);
}
DAXEMU_HOOK(int, io_uring_enter2,
            (unsigned fd, unsigned submit, unsigned wait, unsigned flags, sigset_t* mask, size_t size)) {
  DAXEMU_URING_CALL(SYS_io_uring_enter, fd, submit, wait, flags, mask, size);
}
