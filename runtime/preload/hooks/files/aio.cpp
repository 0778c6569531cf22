// Asynchronous I/O: POSIX's, and libaio's, which is the kernel's. On x86-64 struct aiocb64 is struct aiocb.
#include <aio.h>

#include "emu/trace/site.hpp"
#include "emu/trace/why.hpp"
#include "runtime/preload/files/rings/aio_calls.hpp"
#include "runtime/preload/files/rings/posix_aio_calls.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/pin_sites.hpp"
#include "runtime/preload/ground/real.hpp"

using namespace daxemu::preload;
using daxemu::trace::CallSite;

#define DAXEMU_AIO_HOOK(name, operation)                                                                               \
  DAXEMU_REAL(name, int(aiocb*));                                                                                      \
  DAXEMU_HOOK(int, name, (aiocb * request)) {                                                                          \
    const CallSite here(__builtin_return_address(0), #name);                                                           \
    return queue_request(request, operation, [=] { return real_##name(request); });                                    \
  }
#define DAXEMU_AIO_FSYNC_HOOK(name)                                                                                    \
  DAXEMU_REAL(name, int(int, aiocb*));                                                                                 \
  DAXEMU_HOOK(int, name, (int how, aiocb* request)) {                                                                  \
    const CallSite here(__builtin_return_address(0), #name);                                                           \
    return queue_request(request, Operation::sync, [=] { return real_##name(how, request); });                         \
  }
#define DAXEMU_LIO_HOOK(name)                                                                                          \
  DAXEMU_REAL(name, int(int, aiocb* const*, int, sigevent*));                                                          \
  DAXEMU_HOOK(int, name, (int mode, aiocb* const* list, int count, sigevent* event)) {                                 \
    const CallSite here(__builtin_return_address(0), #name);                                                           \
    return queue_list(mode, list, count,                                                                               \
                      [=](aiocb* const* others) { return real_##name(mode, others, count, event); });                  \
  }
DAXEMU_AIO_HOOK(aio_read, Operation::read)
DAXEMU_AIO_HOOK(aio_read64, Operation::read)
DAXEMU_AIO_HOOK(aio_write, Operation::write)
DAXEMU_AIO_HOOK(aio_write64, Operation::write)
DAXEMU_AIO_FSYNC_HOOK(aio_fsync)
DAXEMU_AIO_FSYNC_HOOK(aio_fsync64)
DAXEMU_LIO_HOOK(lio_listio)
DAXEMU_LIO_HOOK(lio_listio64)

// libaio's functions are these system calls and return -errno; it makes them by itself.
DAXEMU_HOOK(int, io_submit, (aio_context_t context, long count, iocb** requests)) {
  const auto done = submit_aio(context, count, requests, noted_site(__builtin_return_address(0)));
  if (!done) {
    const CallSite here(__builtin_return_address(0), "io_submit");
    daxemu::trace::tell_refusal(done.error().value);
    return -done.error().value;
  }
  return static_cast<int>(*done);
}
DAXEMU_HOOK(int, io_destroy, (aio_context_t context)) {
  const auto done = destroy_aio(context);
  return done ? static_cast<int>(*done) : -done.error().value;
}
