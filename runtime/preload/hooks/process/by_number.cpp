#include "runtime/preload/hooks/process/by_number.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "runtime/preload/files/open_calls.hpp"
#include "runtime/preload/files/rings/aio_calls.hpp"
#include "runtime/preload/files/rings/registered_files.hpp"
#include "runtime/preload/files/rings/uring_calls.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/bus_signal.hpp"
#include "runtime/preload/memory/memory_calls.hpp"
#include "runtime/preload/memory/policy_calls.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/memory/remote_bytes.hpp"
#include "runtime/preload/memory/signal_calls.hpp"
#include "runtime/preload/pins/uring_pins.hpp"
#include "runtime/preload/process/forks.hpp"

namespace daxemu::preload::by_number {
namespace {

DAXEMU_REAL(syscall, long(long, ...));

long refuse(int code) {
  errno = code;
  return -1;
}

} // namespace

long pass(const Words& words) {
  return real_syscall(words.number, words.word[0], words.word[1], words.word[2], words.word[3], words.word[4],
                      words.word[5]);
}

int mseal(void* address, std::size_t length, unsigned long flags) {
  return memory_calls.mseal(address, length, flags);
}

// The pages of a DAX inode are nobody's cache (mapping of cachestat() in mm/filemap.c): none of each kind.
long cachestat(const Words& words) {
  const auto fd = static_cast<int>(words.word[0]);
  const Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  if (context == nullptr || context->device_of(fd) == nullptr) {
    return pass(words);
  }
  if (!context->store().profile().has_cachestat) {
    return refuse(ENOSYS);
  }
  if ((sys::call(SYS_fcntl, fd, F_GETFL).value_or(O_PATH) & O_PATH) != 0) {
    return refuse(EBADF);
  }
  constexpr std::size_t kRange = 2 * sizeof(std::uint64_t); // struct cachestat_range
  constexpr std::array<std::uint64_t, 5> kNothing{};        // struct cachestat
  if (!is_readable(as<const void*>(words.word[1]), kRange)) {
    return refuse(EFAULT);
  }
  if (words.word[3] != 0) {
    return refuse(EINVAL);
  }
  return copy_out(as<void*>(words.word[2]), kNothing.data(), sizeof kNothing) ? 0 : refuse(EFAULT);
}

// The C library of 2.41 writes the bytes itself (vDSO): a SIGBUS where the call is EFAULT.
long getrandom(const Words& words) {
  pretouch(as<const void*>(words.word[0]), static_cast<std::size_t>(words.word[1]), PROT_WRITE);
  return pass(words);
}

// get_futex_key() finds the page of a word unless the word is private, where only who reads it needs the page; one at
// an odd address is refused before.
long futex(const Words& words) {
  const auto find = [&](int word) {
    if (words.word[word] % static_cast<long>(sizeof(std::uint32_t)) == 0) {
      pretouch(as<const void*>(words.word[word]), sizeof(std::uint32_t), PROT_READ | PROT_WRITE);
    }
  };
  const long command = words.word[1] & FUTEX_CMD_MASK;
  const bool wakes = command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET;
  if (!wakes || (words.word[1] & FUTEX_PRIVATE_FLAG) == 0) {
    find(0);
  }
  if (command == FUTEX_REQUEUE || command == FUTEX_CMP_REQUEUE || command == FUTEX_WAKE_OP ||
      command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_CMP_REQUEUE_PI) {
    find(4);
  }
  return pass(words);
}

long ptrace(long request, pid_t process, void* address, void* data) {
  const long answer = real_syscall(SYS_ptrace, request, process, address, data);
  long word = reinterpret_cast<long>(data);
  if (answer != -1 || errno != EIO ||
      !RemoteBytes::move_word(request, process, reinterpret_cast<std::uintptr_t>(address), word)) {
    return answer;
  }
  const bool reads = request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA;
  return !reads || copy_out(static_cast<long*>(data), word) ? 0 : refuse(EFAULT);
}
int open(const char* path, int flags, mode_t mode) {
  return ::open(path, flags, mode);
}
int openat(int dirfd, const char* path, int flags, mode_t mode) {
  return ::openat(dirfd, path, flags, mode);
}
int openat2(int dirfd, const char* path, const open_how* how, std::size_t size) {
  return open_how_path(dirfd, path, how, size);
}
int newfstatat(int dirfd, const char* path, struct stat* into, int flags) {
  return ::fstatat(dirfd, path, into, flags);
}
int faccessat(int dirfd, const char* path, int mode) {
  return ::faccessat(dirfd, path, mode, 0);
}
int faccessat2(int dirfd, const char* path, int mode, int flags) {
  return ::faccessat(dirfd, path, mode, flags);
}
int fchmodat(int dirfd, const char* path, mode_t mode) {
  return ::fchmodat(dirfd, path, mode, 0);
}
int fchmodat2(int dirfd, const char* path, mode_t mode, int flags) {
  return ::fchmodat(dirfd, path, mode, flags);
}

namespace {

// `call` with a copy of the program's times, if it gave any and they can be read.
template <class Structure, class Call>
int with_times(const Structure* times, Call call) {
  Structure copy;
  if (times != nullptr && !copy_in(copy, times)) {
    return static_cast<int>(refuse(EFAULT));
  }
  return call(times == nullptr ? nullptr
                               : &copy); // NOLINT(clang-analyzer-core.NonNullParamChecker): now, for the kernel
}

} // namespace

int utime(const char* path, const utimbuf* times) {
  return with_times(times, [=](const utimbuf* copy) { return ::utime(path, copy); });
}
int utimes(const char* path, const timeval* times) {
  return by_number::futimesat(AT_FDCWD, path, times);
}
int futimesat(int dirfd, const char* path, const timeval* times) {
  struct Pair {
    timeval access;
    timeval change;
  };
  return with_times(reinterpret_cast<const Pair*>(times), [=](const Pair* copy) {
    return ::futimesat(dirfd, path, copy == nullptr ? nullptr : &copy->access);
  });
}
int utimensat(int dirfd, const char* path, const timespec* times, int flags) {
  // No path: the descriptor itself, which the C library refuses.
  // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the kernel is to say what no path with flags is
  return path != nullptr || flags != 0 ? ::utimensat(dirfd, path, times, flags) : ::futimens(dirfd, times);
}
long getcwd(char* into, std::size_t size) {
  if (into == nullptr) {
    return refuse(EFAULT); // where the C library's would allocate
  }
  return ::getcwd(into, size) == nullptr ? -1 : static_cast<long>(std::strlen(into)) + 1;
}

int fcntl(int fd, int command, long argument) {
  return ::fcntl(fd, command, argument);
}
int ioctl(int fd, unsigned request, long argument) {
  return ::ioctl(fd, request, argument);
}
int fadvise64(int fd, off_t offset, off_t length, int advice) {
  const int code = ::posix_fadvise(fd, offset, length, advice);
  return code != 0 ? static_cast<int>(refuse(code)) : 0;
}
ssize_t preadv(int fd, const iovec* pieces, int count, off_t offset) {
  return ::preadv(fd, pieces, count, offset);
}
ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  return ::pwritev(fd, pieces, count, offset);
}
ssize_t preadv2(int fd, const iovec* pieces, int count, off_t offset, long /*unused*/, int flags) {
  return ::preadv2(fd, pieces, count, offset, flags);
}
ssize_t pwritev2(int fd, const iovec* pieces, int count, off_t offset, long /*unused*/, int flags) {
  return ::pwritev2(fd, pieces, count, offset, flags);
}
long io_submit(const Words& words) {
  return libc_value(submit_aio(as<aio_context_t>(words.word[0]), words.word[1], as<iocb**>(words.word[2]), words.site),
                    -1L);
}
long io_destroy(aio_context_t context) {
  return libc_value(destroy_aio(context), -1L);
}

long io_uring_setup(const Words& words) {
  const long fd = pass(words);
  if (fd >= 0) {
    RawRings::opened(static_cast<int>(fd), *as<const io_uring_params*>(words.word[1])); // the kernel has filled it
  }
  return fd;
}
long io_uring_enter(const Words& words) {
  RawRings::entering(as<int>(words.word[0]), perform);
  return pass(words);
}

namespace {

// The forms of registering files that take an array of descriptors are noted.
long register_by_number(const Words& words) {
  const long done = pass(words);
  const auto count = as<unsigned>(words.word[3]);
  io_uring_files_update update{};
  if (done >= 0 && words.word[1] == IORING_REGISTER_FILES) {
    RegisteredFiles::note(as<int>(words.word[0]), 0, as<const int*>(words.word[2]), count);
  } else if (done >= 0 && words.word[1] == IORING_REGISTER_FILES_UPDATE &&
             copy_in(update, as<const io_uring_files_update*>(words.word[2]))) {
    RegisteredFiles::note(as<int>(words.word[0]), update.offset, reinterpret_cast<const int*>(update.fds), count);
  }
  return done;
}

} // namespace

// -errno comes back from register_call(), which keeps the ledger of pins.
long io_uring_register(const Words& words) {
  const long done = register_call(as<int>(words.word[0]), as<unsigned>(words.word[1]), as<const void*>(words.word[2]),
                                  as<unsigned>(words.word[3]), words.site, [&] {
                                    const long real = register_by_number(words);
                                    return real < 0 ? -static_cast<long>(errno) : real;
                                  });
  return done < 0 ? refuse(static_cast<int>(-done)) : done;
}

void* mremap(void* old_address, std::size_t old_size, std::size_t new_size, int flags, void* new_address) {
  return ::mremap(old_address, old_size, new_size, flags, new_address);
}
long mbind(void* address, unsigned long length, int mode, const unsigned long* mask, unsigned long nodes,
           unsigned flags) {
  return policy_calls.mbind(address, length, mode, mask, nodes, flags);
}
long set_mempolicy(int mode, const unsigned long* mask, unsigned long nodes) {
  return policy_calls.set_mempolicy(mode, mask, nodes);
}
long get_mempolicy(int* mode, unsigned long* mask, unsigned long nodes, void* address, unsigned long flags) {
  return policy_calls.get_mempolicy(mode, mask, nodes, address, flags);
}
long set_mempolicy_home_node(unsigned long start, unsigned long length, unsigned long home, unsigned long flags) {
  return policy_calls.set_home_node(start, length, home, flags);
}
long migrate_pages(int pid, unsigned long nodes, const unsigned long* from, const unsigned long* to) {
  return policy_calls.migrate_pages(pid, nodes, from, to);
}
long move_pages(int pid, unsigned long count, void** pages, const int* nodes, int* status, int flags) {
  return policy_calls.move_pages(pid, count, pages, nodes, status, flags);
}

namespace {

long clone_with(const Words& words, std::uint64_t flags) {
  if ((flags & CLONE_VM) == 0) {
    return fork(words);
  }
  if ((flags & CLONE_THREAD) == 0) {
    OwnProcess::lend();
  }
  return pass(words);
}

} // namespace

// A child with a copy of this memory, which goes on from here.
long fork(const Words& words) {
  return fork_with([&] { return static_cast<pid_t>(pass(words)); });
}
long vfork(const Words& words) {
  return clone_with(words, CLONE_VM);
}
long clone(const Words& words) {
  return clone_with(words, as<std::uint64_t>(words.word[0]));
}
long clone3(const Words& words) {
  std::uint64_t flags = CLONE_VM; // of a structure that cannot be read nobody is made
  (void)copy_in(flags, as<const std::uint64_t*>(words.word[0]));
  return clone_with(words, flags);
}

namespace {

// The kernel's own forms (include/linux/signal.h, arch/x86/include/asm/signal.h), which programs without the C
// library's functions know.
using KernelSet = std::uint64_t;
struct KernelAction {
  void* handler;
  std::uint64_t flags;
  void* restorer;
  KernelSet mask;
};
constexpr std::uint64_t kRestorer = 0x04000000; // SA_RESTORER, which the C library sets by itself

sigset_t set_of(KernelSet bits) {
  sigset_t set;
  sigemptyset(&set);
  std::memcpy(&set, &bits, sizeof bits);
  return set;
}
KernelSet bits_of(const sigset_t& set) {
  KernelSet bits = 0;
  std::memcpy(&bits, &set, sizeof bits);
  return bits;
}

} // namespace

long rt_sigaction(const Words& words) {
  const auto signal = static_cast<int>(words.word[0]);
  if (!(signal == SIGBUS || SignalCalls::takes(signal)) || words.word[3] != sizeof(KernelSet)) {
    return pass(words);
  }
  const auto* action = as<const KernelAction*>(words.word[1]);
  auto* old = as<KernelAction*>(words.word[2]);
  KernelAction asked{};
  if (action != nullptr && !copy_in(asked, action)) {
    return refuse(EFAULT);
  }
  struct sigaction wanted {};
  wanted.sa_handler = reinterpret_cast<sighandler_t>(asked.handler);
  wanted.sa_flags = static_cast<int>(asked.flags & ~kRestorer);
  wanted.sa_mask = set_of(asked.mask);
  struct sigaction was {};
  if (::sigaction(signal, action == nullptr ? nullptr : &wanted, &was) != 0) {
    return -1;
  }
  const KernelAction told{reinterpret_cast<void*>(was.sa_handler),
                          static_cast<unsigned>(was.sa_flags) | (was.sa_restorer != nullptr ? kRestorer : 0),
                          reinterpret_cast<void*>(was.sa_restorer), bits_of(was.sa_mask)};
  return old == nullptr || copy_out(old, told) ? 0 : refuse(EFAULT); // the new one is in force, as in the kernel
}

long rt_sigprocmask(const Words& words) {
  if (words.word[3] != sizeof(KernelSet) || !bus_signal.inline_engine()) {
    return pass(words);
  }
  const auto* set = as<const KernelSet*>(words.word[1]);
  auto* old = as<KernelSet*>(words.word[2]);
  KernelSet asked = 0;
  if (set != nullptr && !copy_in(asked, set)) {
    return refuse(EFAULT);
  }
  const sigset_t wanted = set_of(asked);
  sigset_t was;
  if (::sigprocmask(as<int>(words.word[0]), set == nullptr ? nullptr : &wanted, &was) != 0) {
    return -1;
  }
  return old == nullptr || copy_out(old, bits_of(was)) ? 0 : refuse(EFAULT);
}

long rt_sigtimedwait(const Words& words) {
  const auto* set = as<const KernelSet*>(words.word[0]);
  KernelSet asked = 0;
  if (words.word[3] != sizeof(KernelSet) || !copy_in(asked, set) || (asked >> (SIGBUS - 1) & 1) == 0) {
    return pass(words);
  }
  const sigset_t wanted = set_of(asked);
  return ::sigtimedwait(&wanted, as<siginfo_t*>(words.word[1]), as<const timespec*>(words.word[2]));
}

} // namespace daxemu::preload::by_number
