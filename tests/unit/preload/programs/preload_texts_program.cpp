// An ordinary program, run under the library: an attribute that it has opened with O_CLOEXEC goes to children, to
// libc's streams and to whoever opens it by its link, and is everywhere what it was opened as. Every line that fails is
// printed.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "tests/unit/preload/programs/program_expect.hpp"

namespace {

constexpr const char* kSize = "/sys/bus/dax/devices/dax0.0/size";
constexpr const char* kText = "67108864\n"; // of --size 64M

int open_size() {
  return ::open(kSize, O_RDONLY | O_CLOEXEC);
}
std::string rest_of(int fd) {
  char text[64] = {};
  const ssize_t length = ::read(fd, text, sizeof text);
  return length < 0 ? "errno " + std::to_string(errno) : std::string(text, static_cast<std::size_t>(length));
}
// Is the text on stdin?
constexpr const char* kIsText = "read -r text && [ \"$text\" = 67108864 ]";

void refuse_writes() {
  const int fd = open_size();
  EXPECT(::write(fd, "1", 1) == -1 && errno == EBADF);
  EXPECT((::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
  EXPECT(rest_of(fd) == kText);
  ::close(fd);
  const int stream = open_size();
  EXPECT(::fdopen(stream, "w") == nullptr && errno == EINVAL);
  ::close(stream);
}

void go_to_children() {
  const int spawned = open_size();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, spawned, 0);
  const char* arguments[] = {"sh", "-c", kIsText, nullptr};
  pid_t child = -1;
  EXPECT(::posix_spawn(&child, "/bin/sh", &actions, nullptr, const_cast<char**>(arguments), environ) == 0);
  EXPECT(wait_for(child) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(spawned);

  const int shared = open_size();
  child = ::fork();
  if (child == 0) {
    char two[2];
    ::_exit(static_cast<int>(::read(shared, two, sizeof two)));
  }
  EXPECT(wait_for(child) == 2);
  EXPECT(rest_of(shared) == kText + 2); // one position for both
  ::close(shared);

  const int moved = open_size();
  child = ::vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (child == 0) {
    ::dup2(moved, 0); // NOLINT(clang-analyzer-unix.Vfork)
    ::execl("/bin/sh", "sh", "-c", kIsText, static_cast<char*>(nullptr));
    ::_exit(9);
  }
  EXPECT(wait_for(child) == 0);
  EXPECT((::fcntl(moved, F_GETFL) & O_ACCMODE) == O_RDONLY);
  ::close(moved);
}

void have_their_name() {
  const int fd = open_size();
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  char name[256] = {};
  EXPECT(::readlink(link.c_str(), name, sizeof name - 1) > 0);
  EXPECT(std::string(name).ends_with("/dax0.0/size"));
  const int again = ::open(link.c_str(), O_RDONLY);
  EXPECT(rest_of(again) == kText);
  ::close(again);
  EXPECT(rest_of(fd) == kText);
  FILE* info = std::fopen(("/proc/self/fdinfo/" + std::to_string(fd)).c_str(), "r");
  unsigned flags = ~0U;
  EXPECT(info != nullptr && std::fscanf(info, "pos: %*s flags: %o", &flags) == 1); // NOLINT(cert-err34-c)
  EXPECT((flags & O_ACCMODE) == O_RDONLY);
  if (info != nullptr) {
    std::fclose(info);
  }
  ::close(fd);
}

} // namespace

int main() {
  refuse_writes();
  go_to_children();
  have_their_name();
  return failures == 0 ? 0 : 1;
}
