// How the calls of the descriptors family are played: what makes descriptors, takes them away, passes them on.
#include "tests/sequences/descriptors/descriptors.hpp"

#include <cerrno>
#include <cstring>
#include <spawn.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/ask/sysfs_tree.hpp"
#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/descriptors/descriptor_words.hpp"

extern char** environ;

namespace sequences::descriptors {
namespace {

using conformance::last_error;

// The lowest free number is what the kernel promises.
std::string numbered(const Stage& stage, int fd) {
  return fd < 0 ? last_error() : "+" + std::to_string(fd - stage.dev);
}

std::string put(Stage& stage, const std::string& name, int fd) {
  std::string text = numbered(stage, fd);
  if (int* slot = stage.slot(name); fd >= 0 && slot != nullptr) {
    if (*slot >= 0 && *slot != fd) {
      ::close(*slot);
    }
    *slot = fd;
  }
  return text;
}

int open_form(const Stage& stage, const std::string& form, int flags, int other) {
  const std::string& path = stage.device->path;
  const std::string number = std::to_string(other);
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto at_dev = [&](bool second) {
    const int folder = ::open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    open_how how = {};
    how.flags = static_cast<unsigned>(flags);
    how.mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? 0600 : 0;
    const int fd = second ? static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how))
                          : ::openat(folder, name.c_str(), flags, 0600);
    const int error = errno;
    ::close(folder);
    errno = error;
    return fd;
  };
  if (form == "at" || form == "at2") {
    return at_dev(form == "at2");
  }
  if (form == "creat") {
    return ::creat(path.c_str(), 0600);
  }
  const std::string text = form == "dots"      ? "/dev/./../dev//" + name
                           : form == "slash"   ? path + "/"
                           : form == "proc"    ? "/proc/self/fd/" + number
                           : form == "devfd"   ? "/dev/fd/" + number
                           : form == "missing" ? path + "9"
                           : form == "under"   ? path + "/x"
                           : form == "file"    ? "/proc/self/fd/" + std::to_string(stage.file)
                           : form == "link"    ? "/sys/../proc/self/root" + path
                           : form == "empty"   ? std::string()
                                               : path;
  return ::open(text.c_str(), flags, 0600);
}

std::string open(Stage& stage, const Call& call) {
  const int flags = open_flags_of(call.word(1));
  if ((flags & O_CREAT) != 0 && call.word(2) == "missing") { // what it would make would stay
    return "left out";
  }
  if (!conformance::bound(*stage.device)) { // 6.1 follows a null pointer when such a descriptor is mapped
    return "left out";
  }
  return put(stage, call.word(0), open_form(stage, call.word(2), flags, stage.descriptor(call.word(3))));
}

std::string duplicate(Stage& stage, const Call& call) {
  const std::string& how = call.word(2);
  const int from = stage.descriptor(call.word(0));
  const int to = stage.descriptor(call.word(1));
  if (how == "dup") {
    return put(stage, call.word(1), ::dup(from));
  }
  if (how == "dup2") {
    return put(stage, call.word(1), ::dup2(from, to));
  }
  if (how.rfind("dup3", 0) == 0) {
    return put(stage, call.word(1), ::dup3(from, to, how == "dup3" ? 0 : O_CLOEXEC));
  }
  return put(stage, call.word(1), ::fcntl(from, how == "dupfd" ? F_DUPFD : F_DUPFD_CLOEXEC, stage.dev + 20));
}

std::string close(Stage& stage, const Call& call) {
  int* slot = stage.slot(call.word(0));
  if (call.word(1) == "close") {
    const int result = ::close(*slot);
    std::string text = result == 0 ? "ok" : last_error();
    *slot = -1;
    return text;
  }
  const bool marks = call.word(1) == "close-range-cloexec";
  const auto number = static_cast<unsigned>(*slot);
  std::string text =
      ::syscall(SYS_close_range, number, *slot < 0 ? number - 1 : number, marks ? 4 : 0) == 0 ? "ok" : last_error();
  if (!marks) {
    *slot = -1;
  }
  return text;
}

std::string send(Stage& stage, const Call& call) {
  if (stage.sockets[0] < 0) {
    return "no sockets";
  }
  char byte = 1;
  iovec data = {&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = stage.descriptor(call.word(0));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  const ssize_t sent = ::sendmsg(stage.sockets[0], &message, MSG_DONTWAIT);
  return sent < 0 ? last_error() : "ok";
}

std::string receive(Stage& stage, const Call& call) {
  char byte = 0;
  iovec data = {&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  const bool marks = call.name == "receive-cloexec";
  if (::recvmsg(stage.sockets[1], &message, MSG_DONTWAIT | (marks ? MSG_CMSG_CLOEXEC : 0)) < 0) {
    return last_error();
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr) {
    return "no descriptor";
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return put(stage, call.word(0), fd);
}

// A call made by a child, which has the same open files and goes at once.
std::string child(Stage& stage, const Call& call) {
  Call inner;
  inner.name = call.word(0);
  inner.words.assign(call.words.begin() + 1, call.words.end());
  return from_child([&](int out) {
    const std::string text = outcome_of(stage, inner);
    (void)!::write(out, text.data(), text.size());
  });
}

// Another program finds the descriptors that are not closed on exec (look_after_exec).
std::string exec(Stage& stage, const Call& call) {
  std::vector<std::string> words = {"daxemu-sequences", "--device", stage.device->path, "--look",
                                    std::to_string(stage.descriptor(call.word(0))) + "," +
                                        std::to_string(stage.descriptor(call.word(1)))};
  std::vector<char*> pointers;
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return from_child([&](int out) {
    ::fcntl(out, F_SETFD, 0);
    ::dup2(out, STDOUT_FILENO);
    if (call.name == "spawn") {
      pid_t child = 0;
      const int error = ::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, pointers.data(), environ);
      int status = 0;
      ::waitpid(child, &status, 0);
      ::_exit(error != 0 ? error : WEXITSTATUS(status));
    }
    ::execv("/proc/self/exe", pointers.data());
    ::_exit(99);
  });
}

// pidfd_getfd(2): a descriptor taken from another process, here from a child.
std::string take(Stage& stage, const Call& call) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return last_error();
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[1]);
    char byte = 0;
    (void)!::read(ends[0], &byte, 1);
    ::_exit(0);
  }
  ::close(ends[0]);
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  const int taken = static_cast<int>(::syscall(SYS_pidfd_getfd, handle, stage.descriptor(call.word(0)), 0));
  std::string text = taken < 0 ? last_error() : "ok " + look(stage, taken);
  if (taken >= 0) {
    (void)put(stage, call.word(1), taken);
  }
  ::close(handle);
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
  return text;
}

} // namespace

std::optional<std::string> play(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"open", open},  {"dup", duplicate},   {"close", close},
               {"send", send},  {"receive", receive}, {"receive-cloexec", receive},
               {"exec", exec},  {"spawn", exec},      {"getfd", take},
               {"child", child}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  if (call.name == "descriptors") {
    return look(stage);
  }
  if (auto done = play_control(stage, call)) {
    return done;
  }
  return play_file_call(stage, call);
}

} // namespace sequences::descriptors
