// Calls that move bytes between the program's memory and something else, and are wrapped only for the inline engine:
// what they are given is made present first (pretouch.hpp).
#include <cerrno>
#include <cstdarg>
#include <cstdio>

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/memory/remote_bytes.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"
#include "runtime/preload/paths/socket_paths.hpp"

using namespace daxemu::preload;

DAXEMU_REAL(send, ssize_t(int, const void*, size_t, int));
DAXEMU_HOOK(ssize_t, send, (int fd, const void* from, size_t size, int flags)) {
  pretouch(from, size, kAnyRight);
  return real_send(fd, from, size, flags);
}
DAXEMU_ALIAS(send, __send)
DAXEMU_REAL(sendto, ssize_t(int, const void*, size_t, int, const sockaddr*, socklen_t));
DAXEMU_HOOK(ssize_t, sendto,
            (int fd, const void* from, size_t size, int flags, const sockaddr* address, socklen_t length)) {
  pretouch(from, size, kAnyRight);
  return address == nullptr ? real_sendto(fd, from, size, flags, address, length)
                            : send_to_path(address, length, [=](const sockaddr* to, socklen_t to_length) {
                                return real_sendto(fd, from, size, flags, to, to_length);
                              });
}
DAXEMU_REAL(sendmsg, ssize_t(int, const msghdr*, int));
DAXEMU_HOOK(ssize_t, sendmsg, (int fd, const msghdr* message, int flags)) {
  VnodeFiles::settle_all();
  pretouch(message);
  return real_sendmsg(fd, message, flags);
}
DAXEMU_REAL(sendmmsg, int(int, mmsghdr*, unsigned, int));
DAXEMU_HOOK(int, sendmmsg, (int fd, mmsghdr* messages, unsigned count, int flags)) {
  VnodeFiles::settle_all();
  pretouch(messages, count);
  return real_sendmmsg(fd, messages, count, flags);
}
DAXEMU_REAL(recv, ssize_t(int, void*, size_t, int));
DAXEMU_HOOK(ssize_t, recv, (int fd, void* into, size_t size, int flags)) {
  pretouch(static_cast<const void*>(into), size, PROT_WRITE);
  return real_recv(fd, into, size, flags);
}
DAXEMU_REAL(__recv_chk, ssize_t(int, void*, size_t, size_t, int));
DAXEMU_HOOK(ssize_t, __recv_chk, (int fd, void* into, size_t size, size_t room, int flags)) {
  pretouch(static_cast<const void*>(into), size, PROT_WRITE);
  return real___recv_chk(fd, into, size, room, flags);
}
DAXEMU_REAL(getrandom, ssize_t(void*, size_t, unsigned));
DAXEMU_HOOK(ssize_t, getrandom, (void* into, size_t size, unsigned flags)) {
  pretouch(static_cast<const void*>(into), size, PROT_WRITE);
  return real_getrandom(into, size, flags);
}

// stdio reads and writes large pieces straight from and to the caller's memory.
DAXEMU_REAL(fread, size_t(void*, size_t, size_t, FILE*));
DAXEMU_HOOK(size_t, fread, (void* into, size_t size, size_t count, FILE* stream)) {
  pretouch(static_cast<const void*>(into), size * count, PROT_WRITE);
  return real_fread(into, size, count, stream);
}
DAXEMU_ALIAS(fread, _IO_fread)
DAXEMU_REAL(fwrite, size_t(const void*, size_t, size_t, FILE*));
DAXEMU_HOOK(size_t, fwrite, (const void* from, size_t size, size_t count, FILE* stream)) {
  pretouch(from, size * count, kAnyRight);
  return real_fwrite(from, size, count, stream);
}
DAXEMU_ALIAS(fwrite, _IO_fwrite)

// Memory of a process by its number: this one's own is made present like any other. Of another process's, its own
// wrapped calls would have to know.
DAXEMU_REAL(process_vm_readv, ssize_t(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long));
DAXEMU_HOOK(ssize_t, process_vm_readv,
            (pid_t pid, const iovec* local, unsigned long locals, const iovec* remote, unsigned long remotes,
             unsigned long flags)) {
  pretouch(local, static_cast<int>(locals), PROT_WRITE);
  if (pid == ::getpid()) {
    pretouch(remote, static_cast<int>(remotes), PROT_READ);
  }
  return real_process_vm_readv(pid, local, locals, remote, remotes, flags);
}
DAXEMU_REAL(process_vm_writev, ssize_t(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long));
DAXEMU_HOOK(ssize_t, process_vm_writev,
            (pid_t pid, const iovec* local, unsigned long locals, const iovec* remote, unsigned long remotes,
             unsigned long flags)) {
  pretouch(local, static_cast<int>(locals), PROT_READ);
  if (pid == ::getpid()) {
    pretouch(remote, static_cast<int>(remotes), PROT_WRITE);
  }
  return real_process_vm_writev(pid, local, locals, remote, remotes, flags);
}

DAXEMU_REAL(ptrace, long(int, ...));
DAXEMU_HOOK(long, ptrace, (int request, ...)) {
  va_list rest;
  va_start(rest, request);
  const pid_t process = va_arg(rest, pid_t);
  void* const address = va_arg(rest, void*);
  void* const data = va_arg(rest, void*);
  void* const third = va_arg(rest, void*); // of requests that only other machines have
  va_end(rest);
  const long answer = real_ptrace(request, process, address, data, third);
  long word = reinterpret_cast<long>(data);
  if (answer != -1 || errno != EIO ||
      !RemoteBytes::move_word(request, process, reinterpret_cast<std::uintptr_t>(address), word)) {
    return answer;
  }
  errno = 0;
  return request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA ? word : 0;
}
