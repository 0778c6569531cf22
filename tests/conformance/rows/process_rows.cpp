// More than one process: fork, exec, other openers, process_vm_readv and writev, futexes in the mapping.
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>

#include <linux/futex.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

std::string moved(long got, std::uint64_t wanted) {
  return got < 0 ? last_error() : (static_cast<std::uint64_t>(got) == wanted ? "ok all" : "ok=" + std::to_string(got));
}

long futex(void* word, int operation, std::uint32_t value, const timespec* wait) {
  return ::syscall(SYS_futex, word, operation, value, wait, nullptr, 0);
}

// Runs /bin/sh with `script`, the descriptor kept open, and gives its exit status.
std::string shell(const std::string& script) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl("/bin/sh", "sh", "-c", script.c_str(), static_cast<char*>(nullptr));
    ::_exit(126);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? "exit=" + std::to_string(WEXITSTATUS(status)) : "killed";
}

std::string send_and_map(const Device& d) {
  int ends[2];
  (void)::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  Partner receiver([&](Partner&) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (::recvmsg(ends[1], &message, 0) != 1 || CMSG_FIRSTHDR(&message) == nullptr) {
      return "receive " + last_error();
    }
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, fd, 0);
    return base == MAP_FAILED ? last_error() : line({"mapped", load_text(base, 0x2f)});
  });
  store(mapped(d).base, 0x2f);
  const int fd = opened(d);
  char byte = 1;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  (void)::sendmsg(ends[0], &message, 0);
  return receiver.join();
}

// A word of another process's memory that it has not touched since it mapped it.
std::string through_ptrace(const Device& d, bool put) {
  std::memset(mapped(d).base, 0x5c, 8);
  const View view = mapped(d); // at the same address in the child
  Partner partner([&](Partner&) {
    (void)::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    return load_text(view.base, put ? 0x5d : 0x5c);
  });
  int status = 0;
  if (::waitpid(partner.pid(), &status, WUNTRACED) != partner.pid() || !WIFSTOPPED(status)) {
    return "setup " + last_error();
  }
  errno = 0;
  const long got = put ? ::ptrace(PTRACE_POKEDATA, partner.pid(), view.base, 0x5d5d5d5d5d5d5d5dL)
                       : ::ptrace(PTRACE_PEEKDATA, partner.pid(), view.base, nullptr);
  const std::string result = errno != 0 ? last_error() : (put || got == 0x5c5c5c5c5c5c5c5cL ? "ok" : "other-data");
  (void)::ptrace(PTRACE_CONT, partner.pid(), nullptr, nullptr);
  return line({result, "theirs=" + partner.join()});
}

} // namespace

void add_process_rows(Table& table) {
  table.add("fork.child-sees-data", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 0x15);
    return in_child([&] { return load_text(view.base, 0x15); });
  });
  table.add("fork.parent-sees-childs-data", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 0);
    const std::string child = in_child([&] { return store_text(view.base, 0x16); });
    return line({child, load_text(view.base, 0x16)});
  });
  table.add("fork.untouched-mapping", [](const Device& d) {
    const View view = mapped(d);
    const std::string child = in_child([&] { return store_text(view.base, 0x17); });
    return line({child, load_text(view.base, 0x17)});
  });
  table.add("fork.child-unmaps-parent-keeps", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 0x18);
    const std::string child = in_child([&] {
      const std::string result = said(::munmap(view.base, view.length));
      return line({result, load_text(view.base)});
    });
    return line({child, "parent=" + load_text(view.base, 0x18)});
  });
  table.add("fork.child-maps-and-outlives", [](const Device& d) {
    Partner partner([&](Partner& me) {
      const View view = mapped(d);
      me.signal_other();
      me.wait_other();
      return load_text(view.base, 0x19);
    });
    partner.wait_other();
    const View view = mapped(d);
    store(view.base, 0x19);
    ::munmap(view.base, view.length);
    partner.signal_other();
    return partner.join();
  });
  table.add("fork.grandchild", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 0x1a);
    return in_child([&] {
      return in_child([&] { return line({load_text(view.base, 0x1a), store_text(view.base)}); });
    });
  });
  table.add("fork.descriptor-in-child", [](const Device& d) {
    const int fd = opened(d);
    return in_child([&] {
      void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, fd, 0);
      return base == MAP_FAILED ? last_error() : line({"mapped", store_text(base)});
    });
  });
  table.add("fork.child-beyond-the-end", [](const Device& d) {
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size));
    return base == MAP_FAILED ? last_error() : in_child([&] { return load_text(base); });
  });
  table.add("fork.vfork-exec", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 0x1b);
    pid_t pid = -1;
    char name[] = "sh";
    char option[] = "-c";
    char script[] = "exit 7";
    char* words[] = {name, option, script, nullptr};
    const int error = ::posix_spawn(&pid, "/bin/sh", nullptr, nullptr, words, ::environ);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return line({returned(error), "exit=" + std::to_string(WEXITSTATUS(status)), load_text(view.base, 0x1b)});
  });
  table.add("exec.inherited-descriptor", [](const Device& d) {
    const int fd = ::open(d.path.c_str(), O_RDWR); // without close-on-exec
    return shell("test -c /proc/self/fd/" + std::to_string(fd));
  });
  table.add("exec.close-on-exec",
            [](const Device& d) { return shell("test -e /proc/self/fd/" + std::to_string(opened(d))); });
  table.add("exec.device-node-in-shell",
            [](const Device& d) { return shell("test -c " + d.path + " -a -r " + d.path + " -a -w " + d.path); });
  table.add("exec.redirection", [](const Device& d) { return shell("exec 3<>" + d.path); });
  table.add("exec.the-device-itself", [](const Device& d) {
    char* const none[] = {nullptr};
    const std::string by_path = said(::execve(d.path.c_str(), none, none));
    return line({by_path, "descriptor=" + said(::fexecve(opened(d, O_RDONLY), none, none))});
  });
  table.add("exec.read-by-dd",
            [](const Device& d) { return shell("dd if=" + d.path + " of=/dev/null bs=4096 count=1 2>/dev/null"); });
  table.add("processes.descriptor-over-a-socket", send_and_map);
  table.add("processes.pidfd-getfd", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 0x2e);
    constexpr int kNumber = 99;
    Partner partner([&](Partner& me) {
      (void)::dup2(opened(d), kNumber);
      me.signal_other();
      me.wait_other();
      return std::string("done");
    });
    partner.wait_other();
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, partner.pid(), 0));
    const int got = static_cast<int>(::syscall(SYS_pidfd_getfd, process, kNumber, 0));
    const int error = errno;
    partner.signal_other();
    (void)partner.join();
    if (got < 0) {
      return error_name(error);
    }
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, got, 0);
    return base == MAP_FAILED ? last_error() : line({"mapped", load_text(base, 0x2e)});
  });
  table.add("processes.two-openers-share", [](const Device& d) {
    Partner partner([&](Partner& me) {
      const View view = mapped(d);
      store(view.base + 64, 0x1c);
      me.signal_other();
      me.wait_other();
      return load_text(view.base + 65, 0x1d);
    });
    partner.wait_other();
    const View view = mapped(d);
    const std::string mine = load_text(view.base + 64, 0x1c);
    store(view.base + 65, 0x1d);
    partner.signal_other();
    return line({"mine=" + mine, "theirs=" + partner.join()});
  });
  table.add("processes.killed-while-mapped", [](const Device& d) {
    Partner partner([&](Partner& me) {
      const View view = mapped(d);
      store(view.base, 0x1e);
      me.signal_other();
      me.wait_other();
      return std::string("lived");
    });
    partner.wait_other();
    ::kill(partner.pid(), SIGKILL);
    const std::string end = partner.join();
    return line({end, load_text(mapped(d).base, 0x1e)});
  });
  for (const bool touched : {true, false}) {
    const std::string how = touched ? "touched" : "untouched";
    for (const bool put : {false, true}) {
      table.add("process_vm." + std::string(put ? "writev" : "readv") + ".remote=" + how,
                [touched, put](const Device& d) {
                  const std::uint64_t length = d.chunk();
                  const View seed = mapped(d);
                  std::memset(seed.base, 0x3a, length);
                  const View view = mapped(d);
                  Partner partner([&](Partner& me) {
                    if (touched) {
                      (void)load(view.base);
                    }
                    me.signal_other();
                    me.wait_other();
                    return load_text(view.base, put ? 0x3b : 0x3a);
                  });
                  partner.wait_other();
                  char* own = anonymous(length);
                  std::memset(own, 0x3b, length);
                  const iovec local{own, length};
                  const iovec remote{view.base, length};
                  const long got = put ? ::process_vm_writev(partner.pid(), &local, 1, &remote, 1, 0)
                                       : ::process_vm_readv(partner.pid(), &local, 1, &remote, 1, 0);
                  const std::string result = moved(got, length);
                  const bool right = all_bytes(own, length, put ? 0x3b : 0x3a);
                  partner.signal_other();
                  return line({result, right ? "bytes" : "other-bytes", "theirs=" + partner.join()});
                });
      table.add("process_vm." + std::string(put ? "writev" : "readv") + ".local=" + how,
                [touched, put](const Device& d) {
                  const std::uint64_t length = d.chunk();
                  char* other = anonymous(length);
                  std::memset(other, 0x4a, length);
                  const View view = mapped(d);
                  if (touched) {
                    (void)store(view.base, 0);
                  }
                  const iovec local{view.base, length};
                  const iovec remote{other, length};
                  const long got = put ? ::process_vm_writev(::getpid(), &local, 1, &remote, 1, 0)
                                       : ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
                  return line({moved(got, length), put ? "" : load_text(view.base, 0x4a)});
                });
    }
  }
  table.add("process_vm.readv.remote-beyond-the-end", [](const Device& d) {
    char* base = static_cast<char*>(
        ::mmap(nullptr, 2 * d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size - d.align)));
    char* own = anonymous(2 * kPage);
    const iovec local{own, 2 * kPage};
    const iovec remote{base + d.align - kPage, 2 * kPage};
    return said(::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0));
  });
  table.add("ptrace.untouched", [](const Device& d) {
    return line({"peek=[" + through_ptrace(d, false) + "]", "poke=[" + through_ptrace(d, true) + "]"});
  });
  table.add("futex.between-processes", [](const Device& d) {
    const View view = mapped(d);
    std::memset(view.base, 0, 4);
    Partner partner([&](Partner& me) {
      const View own = mapped(d);
      me.signal_other();
      const timespec wait{.tv_sec = 3, .tv_nsec = 0};
      return said(futex(own.base, FUTEX_WAIT, 0, &wait));
    });
    partner.wait_other();
    long woken = 0;
    for (int tries = 0; tries < 200 && woken == 0; ++tries) {
      ::usleep(10000);
      woken = futex(view.base, FUTEX_WAKE, 1, nullptr);
    }
    return line({"woken=" + said(woken), "waiter=" + partner.join()});
  });
  table.add("futex.untouched", [](const Device& d) {
    const View seed = mapped(d);
    std::memset(seed.base, 1, 4);
    const View view = mapped(d);
    const timespec wait{.tv_sec = 0, .tv_nsec = 1000000};
    return said(futex(view.base, FUTEX_WAIT, 0, &wait));
  });
  table.add("futex.beyond-the-end", [](const Device& d) {
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size));
    const timespec wait{.tv_sec = 0, .tv_nsec = 1000000};
    return said(futex(base, FUTEX_WAIT, 0, &wait));
  });
  table.add("futex.pthread-mutex-shared", [](const Device& d) {
    const View view = mapped(d);
    auto* mutex = reinterpret_cast<pthread_mutex_t*>(view.base);
    pthread_mutexattr_t attributes;
    ::pthread_mutexattr_init(&attributes);
    ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    ::pthread_mutex_init(mutex, &attributes);
    auto* count = reinterpret_cast<volatile int*>(view.base + 256);
    *count = 0;
    const auto work = [&] {
      for (int i = 0; i < 500; ++i) {
        ::pthread_mutex_lock(mutex);
        *count = *count + 1;
        ::pthread_mutex_unlock(mutex);
      }
    };
    Partner partner([&](Partner&) {
      work();
      return std::string("ok");
    });
    work();
    const std::string other = partner.join();
    return line({other, "count=" + std::to_string(*count)});
  });
}

} // namespace conformance
