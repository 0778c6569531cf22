// fcntl and flock on the descriptor.
#include <cstdio>

#include <linux/memfd.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

struct Word {
  const char* name;
  int value;
};

std::string flags_of(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) {
    return last_error();
  }
  char text[32];
  std::snprintf(text, sizeof text, "flags=%#o", static_cast<unsigned>(flags));
  return text;
}

std::string lock_said(int fd, int command, int type, off_t start = 0, off_t length = 0) {
  struct flock lock {};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  const int result = ::fcntl(fd, command, &lock);
  return result < 0
             ? last_error()
             : (command == F_GETLK || command == F_OFD_GETLK ? (lock.l_type == F_UNLCK ? "free" : "held") : "ok");
}

} // namespace

void add_fcntl_rows(Table& table) {
  for (const Word& how :
       {Word{"rdonly", O_RDONLY}, Word{"wronly", O_WRONLY}, Word{"rdwr", O_RDWR},
        Word{"rdwr+append", O_RDWR | O_APPEND}, Word{"rdwr+nonblock", O_RDWR | O_NONBLOCK},
        Word{"rdwr+sync", O_RDWR | O_SYNC}, Word{"rdwr+excl", O_RDWR | O_EXCL}, Word{"rdwr+trunc", O_RDWR | O_TRUNC},
        Word{"rdwr+noatime", O_RDWR | O_NOATIME}, Word{"path", O_PATH}}) {
    table.add(std::string("fcntl.getfl.") + how.name,
              [how](const Device& d) { return flags_of(opened(d, how.value)); });
  }
  for (const Word& how : {Word{"append", O_APPEND}, Word{"nonblock", O_NONBLOCK}, Word{"direct", O_DIRECT},
                          Word{"async", O_ASYNC}, Word{"noatime", O_NOATIME}, Word{"sync", O_SYNC}}) {
    table.add(std::string("fcntl.setfl.") + how.name, [how](const Device& d) {
      const int fd = opened(d);
      const std::string set = said(::fcntl(fd, F_SETFL, how.value));
      return line({set, flags_of(fd)});
    });
  }
  table.add("fcntl.getfd.cloexec", [](const Device& d) { return said(::fcntl(opened(d), F_GETFD)); });
  table.add("fcntl.dupfd", [](const Device& d) {
    const int fd = ::fcntl(opened(d), F_DUPFD, 100);
    return line({fd >= 100 ? "ok" : last_error(), flags_of(fd)});
  });
  table.add("fcntl.dupfd-cloexec",
            [](const Device& d) { return said(::fcntl(::fcntl(opened(d), F_DUPFD_CLOEXEC, 100), F_GETFD)); });
  table.add("fcntl.get-seals", [](const Device& d) { return said(::fcntl(opened(d), F_GET_SEALS)); });
  table.add("fcntl.add-seals", [](const Device& d) { return said(::fcntl(opened(d), F_ADD_SEALS, F_SEAL_WRITE)); });
  table.add("fcntl.pipe-size", [](const Device& d) { return said(::fcntl(opened(d), F_GETPIPE_SZ)); });
  table.add("fcntl.lease.read",
            [](const Device& d) { return said(::fcntl(opened(d, O_RDONLY), F_SETLEASE, F_RDLCK)); });
  table.add("fcntl.lease.get", [](const Device& d) { return said(::fcntl(opened(d), F_GETLEASE)); });
  table.add("fcntl.rw-hint", [](const Device& d) {
    std::uint64_t hint = 0;
    return said(::fcntl(opened(d), F_GET_RW_HINT, &hint));
  });
  table.add("fcntl.unknown", [](const Device& d) { return said(::fcntl(opened(d), 9999, 0)); });
  table.add("fcntl.notify", [](const Device& d) { return said(::fcntl(opened(d), F_NOTIFY, DN_MODIFY)); });
  table.add("fcntl.lock.write", [](const Device& d) { return lock_said(opened(d), F_SETLK, F_WRLCK); });
  table.add("fcntl.lock.write.rdonly",
            [](const Device& d) { return lock_said(opened(d, O_RDONLY), F_SETLK, F_WRLCK); });
  table.add("fcntl.lock.unlock", [](const Device& d) { return lock_said(opened(d), F_SETLK, F_UNLCK); });
  table.add("fcntl.lock.range-free", [](const Device& d) {
    lock_said(opened(d), F_SETLK, F_WRLCK, 0, 100);
    return in_child([&] { return lock_said(opened(d), F_SETLK, F_WRLCK, 100, 100); });
  });
  table.add("fcntl.lock.conflict", [](const Device& d) {
    lock_said(opened(d), F_SETLK, F_WRLCK, 0, 100);
    return in_child([&] {
      const int fd = opened(d);
      return line({"set=" + lock_said(fd, F_SETLK, F_RDLCK, 50, 10), "get=" + lock_said(fd, F_GETLK, F_RDLCK, 50, 10)});
    });
  });
  table.add("fcntl.ofd-lock.conflict", [](const Device& d) {
    const std::string first = lock_said(opened(d), F_OFD_SETLK, F_WRLCK);
    return line({first, "second=" + lock_said(opened(d), F_OFD_SETLK, F_WRLCK)});
  });
  table.add("fcntl.lock.close-drops-it", [](const Device& d) {
    const int other = opened(d);
    lock_said(opened(d), F_SETLK, F_WRLCK);
    ::close(other);
    return in_child([&] { return lock_said(opened(d), F_SETLK, F_WRLCK); });
  });
  table.add("fcntl.flock.exclusive", [](const Device& d) { return said(::flock(opened(d), LOCK_EX | LOCK_NB)); });
  table.add("fcntl.flock.conflict", [](const Device& d) {
    const int mine = opened(d);
    ::flock(mine, LOCK_EX | LOCK_NB);
    return line({"same-file=" + said(::flock(::dup(mine), LOCK_EX | LOCK_NB)),
                 "other-open=" + said(::flock(opened(d), LOCK_EX | LOCK_NB))});
  });
  table.add("fcntl.flock.shared-twice", [](const Device& d) {
    ::flock(opened(d), LOCK_SH | LOCK_NB);
    return said(::flock(opened(d), LOCK_SH | LOCK_NB));
  });
  table.add("fcntl.lockf", [](const Device& d) { return said(::lockf(opened(d), F_TLOCK, 0)); });
  table.add("fcntl.lock.opath", [](const Device& d) { return lock_said(opened(d, O_PATH), F_SETLK, F_RDLCK); });
}

} // namespace conformance
