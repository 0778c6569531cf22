#include "runtime/preload/files/rings/posix_aio_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/trace/why.hpp"
#include "runtime/preload/files/disk_calls.hpp"
#include "runtime/preload/files/told_refusals.hpp"

namespace daxemu::preload {
namespace {

void* call_back(void* given) {
  const auto* event = static_cast<sigevent*>(given);
  void (*const function)(sigval) = event->sigev_notify_function;
  const sigval value = event->sigev_value;
  delete event;
  function(value);
  return nullptr;
}

// As libc's __aio_notify.
void notify(const sigevent& event) {
  if (event.sigev_notify == SIGEV_SIGNAL) {
    siginfo_t info{};
    info.si_signo = event.sigev_signo;
    info.si_code = SI_ASYNCIO;
    info.si_pid = sys::getpid();
    info.si_uid = ::getuid();
    info.si_value = event.sigev_value;
    (void)sys::call(SYS_rt_sigqueueinfo, info.si_pid, info.si_signo, reinterpret_cast<long>(&info));
  } else if (event.sigev_notify == SIGEV_THREAD) {
    auto* copy = new (std::nothrow) sigevent(event);
    pthread_t thread{};
    if (copy != nullptr && ::pthread_create(&thread, event.sigev_notify_attributes, call_back, copy) != 0) {
      delete copy;
    } else if (copy != nullptr && event.sigev_notify_attributes == nullptr) {
      ::pthread_detach(thread);
    }
  }
}

// A disk is served by the calls that wait only.
int asynchronous_refusal(int fd, Operation operation) {
  return is_disk(fd) ? EINVAL : device_refusal(fd, operation);
}

// False: no device's or disk's.
bool finish_on_device(aiocb& request, Operation operation) {
  const int error = asynchronous_refusal(request.aio_fildes, operation);
  if (error == 0) {
    return false;
  }
  const int kept = errno;
  if (!is_disk(request.aio_fildes)) {
    note_device_refusal(request.aio_fildes, operation, error);
    trace::tell_refusal(error);
  }
  request.__return_value = -1;
  request.__error_code = error;
  notify(request.aio_sigevent);
  errno = kept;
  return true;
}

bool finish_listed(aiocb* request) {
  return request != nullptr && request->aio_lio_opcode != LIO_NOP &&
         finish_on_device(*request, request->aio_lio_opcode == LIO_READ ? Operation::read : Operation::write);
}

} // namespace

int queue_request(aiocb* request, Operation operation, FunctionRef<int()> real) {
  return finish_on_device(*request, operation) ? 0 : real();
}

int queue_list(int mode, aiocb* const* list, int count, FunctionRef<int(aiocb* const*)> real) {
  if (list == nullptr || count <= 0 || (mode != LIO_WAIT && mode != LIO_NOWAIT) ||
      std::none_of(list, list + count, [](const aiocb* request) {
        return request != nullptr && asynchronous_refusal(request->aio_fildes, Operation::copy) != 0;
      })) {
    return real(list);
  }
  auto** others = new (std::nothrow) aiocb*[static_cast<std::size_t>(count)];
  if (others == nullptr) {
    errno = EAGAIN;
    return -1;
  }
  bool failed = false;
  for (int at = 0; at < count; ++at) {
    const bool ours = finish_listed(list[at]);
    others[at] = ours ? nullptr : list[at];
    failed = failed || ours;
  }
  const int done = real(others);
  const int code = errno;
  delete[] others;
  errno = code;
  if (done == 0 && failed && mode == LIO_WAIT) {
    errno = EIO;
    return -1;
  }
  return done;
}

} // namespace daxemu::preload
