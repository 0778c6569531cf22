#include "emu/backing/advised_file.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/backing/own_tmpfs.hpp"
#include "emu/base/kernel/mapping.hpp"

namespace daxemu::backing {
namespace {

long word(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

// The file's name is what readers of /proc/PID/maps see behind a '/'.
std::string shown_name(const std::string& name) {
  return "memfd:" + name;
}

// System calls only: a child that shares our memory does the same.
Result<UniqueFd> file_named(const char* name) {
  // No limit, as a memfd has none.
  constexpr std::pair<const char*, const char*> kOptions[] = {{"huge", "advise"}, {"size", "0"}};
  const auto folder = own_tmpfs(kOptions);
  if (!folder) {
    return tl::unexpected(folder.error());
  }
  const auto raw = sys::openat(folder->get(), name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  UniqueFd file(*raw);
  // As a memfd: no name to be opened by, the same rights, no program in it.
  if (auto gone = sys::call(SYS_unlinkat, folder->get(), word(name), 0); !gone) {
    return tl::unexpected(gone.error());
  }
  if (auto open_to_all = sys::call(SYS_fchmod, file.get(), 0666); !open_to_all) {
    return tl::unexpected(open_to_all.error());
  }
  return file;
}

struct Child {
  const char* name;
  long user;
  long group;
  int fd = -1;
  int error = ECHILD;
};

bool write_to(const char* path, const char* text) {
  const auto raw = sys::open(path, O_WRONLY | O_CLOEXEC);
  if (!raw) {
    return false;
  }
  const UniqueFd fd(*raw);
  return sys::call(SYS_write, fd.get(), word(text), static_cast<long>(std::strlen(text))).has_value();
}

// Itself there as here, so that the file is ours.
bool map_id(const char* path, long id) {
  char text[64] = {};
  char* at = std::to_chars(text, text + 20, id).ptr;
  *at++ = ' ';
  at = std::to_chars(at, at + 20, id).ptr;
  *at++ = ' ';
  *at = '1';
  return write_to(path, text);
}

int live(void* given) {
  auto* child = static_cast<Child*>(given);
  if (!map_id("/proc/self/uid_map", child->user) || !write_to("/proc/self/setgroups", "deny") ||
      !map_id("/proc/self/gid_map", child->group)) {
    child->error = EPERM;
  } else if (auto made = file_named(child->name); made) {
    child->fd = made->release(); // in the table of descriptors that we share
  } else {
    child->error = made.error().value;
  }
  (void)sys::call(SYS_exit, 0);
  return 0;
}

} // namespace

Result<UniqueFd> advised_file_here(const std::string& name) {
  return file_named(shown_name(name).c_str());
}

Result<UniqueFd> advised_file_of_child(const std::string& name) {
  constexpr std::size_t kStack = 64UL * 1024;
  auto stack = Mapping::of(-1, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK);
  if (!stack) {
    return tl::unexpected(stack.error());
  }
  const std::string shown = shown_name(name);
  Child child{.name = shown.c_str(), .user = ::geteuid(), .group = ::getegid()};
  // No handler runs in the child, whose memory is ours.
  const std::uint64_t all = ~0ULL;
  std::uint64_t before = 0;
  (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, word(&all), word(&before), sizeof all);
  constexpr int kFlags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWUSER | CLONE_NEWNS; // no signal when it ends
  const int number = ::clone(live, stack->bytes().data() + kStack, kFlags, &child);
  const int code = errno;
  if (number > 0) {
    while (sys::call(SYS_wait4, number, 0, __WALL, 0) == tl::unexpected(Errno{EINTR})) {
    }
  }
  (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, word(&before), 0, sizeof before);
  if (number < 0) {
    return fail(code);
  }
  return child.fd >= 0 ? Result<UniqueFd>(UniqueFd(child.fd)) : fail(child.error);
}

Result<UniqueFd> advised_file(const std::string& name) {
  auto file = advised_file_here(name);
  return file || file.error() != Errno{EPERM} ? std::move(file) : advised_file_of_child(name);
}

} // namespace daxemu::backing
