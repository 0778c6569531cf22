// What the C library and the kernel do with names by themselves, under the library: events of a watched /dev, fts(3),
// nftw(3) of "/", wordexp(3). Every line that fails is printed.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wordexp.h>

#include "tests/unit/preload/descriptor_message.hpp"
#include "tests/unit/preload/programs/program_expect.hpp"

namespace {

constexpr const char* kDevice = "/dev/dax0.0";
constexpr const char* kRegion = "/sys/devices/platform/hmem.0/dax_region";

// The events of nodes, as "20:dax0.0 ".
std::string events(int fd) {
  std::string text;
  alignas(inotify_event) char bytes[4096];
  for (ssize_t got = 0; (got = ::read(fd, bytes, sizeof bytes)) > 0;) {
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(bytes + at);
      if (event->len != 0 && std::strncmp(event->name, "dax", 3) == 0) {
        char one[80];
        std::snprintf(one, sizeof one, "%x:%s ", event->mask, event->name);
        text += one;
      }
      at += static_cast<ssize_t>(sizeof *event + event->len);
    }
  }
  return text;
}

bool write_attribute(const std::string& path, const char* text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool fine = fd >= 0 && ::write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
  ::close(fd);
  return fine;
}

void touch() {
  EXPECT(::chmod(kDevice, 0600) == 0);
}

void watch_devices() {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  EXPECT(::chdir("/dev") == 0);
  EXPECT(::inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE | IN_ATTRIB) >= 1);
  const int openings = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  EXPECT(::inotify_add_watch(openings, "../dev", IN_OPEN) >= 1);
  EXPECT(::chdir("/") == 0);
  EXPECT(write_attribute(std::string(kRegion) + "/create", "1"));
  EXPECT(write_attribute("/sys/bus/dax/devices/dax0.1/size", "2097152"));
  EXPECT(events(fd) == "100:dax0.1 ");
  pollfd waiting = {fd, POLLIN, 0};
  EXPECT(::poll(&waiting, 1, 0) == 0);
  const pid_t child = ::fork(); // what others do
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", ": </dev/dax0.0; chmod 600 /dev/dax0.0", nullptr);
    ::_exit(99);
  }
  EXPECT(wait_for(child) == 0);
  EXPECT(::poll(&waiting, 1, 0) == 1);
  EXPECT(events(fd) == "4:dax0.0 ");
  EXPECT(events(openings) == "20:dax0.0 ");
  EXPECT(write_attribute("/sys/bus/dax/drivers/device_dax/unbind", "dax0.1") || errno == EINVAL || errno == ENODEV);
  EXPECT(events(fd).empty()); // the node stays
  EXPECT(write_attribute("/sys/bus/dax/devices/dax0.1/size", "0"));
  EXPECT(write_attribute(std::string(kRegion) + "/delete", "dax0.1"));
  EXPECT(events(fd) == "200:dax0.1 ");
  struct stat about {};
  EXPECT(::stat(kDevice, &about) == 0 && ::unlink(kDevice) == 0);
  EXPECT(events(fd) == "200:dax0.0 ");
  if (::mknod(kDevice, S_IFCHR | 0600, about.st_rdev) == 0) { // root's
    EXPECT(events(fd) == "100:dax0.0 ");
    EXPECT(::unlink(kDevice) == 0 && events(fd) == "200:dax0.0 ");
  }
  ::close(openings);
  ::close(fd);
}

// Blocks until something has happened to a node, whatever else there was.
void wait_for_an_event() {
  const int fd = ::inotify_init1(IN_CLOEXEC);
  EXPECT(::inotify_add_watch(fd, "/dev", IN_ATTRIB) >= 1);
  std::thread other([] {
    ::usleep(20000);
    touch();
  });
  char bytes[sizeof(inotify_event) + 256];
  EXPECT(::read(fd, bytes, sizeof bytes) == 32);
  EXPECT(std::strcmp(bytes + sizeof(inotify_event), "dax0.0") == 0);
  other.join();
  iovec piece = {bytes, sizeof bytes};
  touch();
  EXPECT(::readv(fd, &piece, 1) == 32);
  touch();
  EXPECT(::preadv2(fd, &piece, 1, -1, 0) == 32);
  ::close(fd);
}

// A program that is given the descriptor, by exec or over a socket, reads what its giver would.
void hand_on(const char* self) {
  const int fd = ::inotify_init1(IN_NONBLOCK);
  EXPECT(::inotify_add_watch(fd, "/dev", IN_ATTRIB | IN_DELETE) >= 1);
  touch();
  const std::string number = std::to_string(fd);
  pid_t child = ::fork();
  if (child == 0) {
    ::execl(self, self, number.c_str(), nullptr);
    ::_exit(99);
  }
  EXPECT(wait_for(child) == 0);
  int ends[2];
  EXPECT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  child = ::fork();
  if (child == 0) {
    ::close(fd);
    DescriptorMessage message;
    const int got = ::recvmsg(ends[1], message.header(), 0) == 1 ? message.descriptor() : -1;
    touch();
    ::_exit(events(got) == "4:dax0.0 " ? 0 : 1);
  }
  DescriptorMessage message(fd);
  EXPECT(::sendmsg(ends[0], message.header(), 0) == 1);
  EXPECT(wait_for(child) == 0);
  int queued = -1;
  EXPECT(::ioctl(fd, FIONREAD, &queued) == 0 && queued == 0);
  for (const int end : {fd, ends[0], ends[1]}) {
    ::close(end);
  }
}

// The paths that a walk comes to and that have `part` in them, with their fts_info.
std::vector<std::string> walked(const char* root, int options, const char* part) {
  char* roots[] = {const_cast<char*>(root), nullptr};
  std::vector<std::string> found;
  FTS* const walk = ::fts_open(roots, options, nullptr);
  EXPECT(walk != nullptr);
  while (const FTSENT* entry = ::fts_read(walk)) {
    if (std::strstr(entry->fts_path, part) != nullptr) {
      found.push_back(std::string(entry->fts_path) + "=" + std::to_string(entry->fts_info));
    }
  }
  EXPECT(errno == 0);
  EXPECT(::fts_close(walk) == 0);
  return found;
}

void walk_trees() {
  using Found = std::vector<std::string>;
  EXPECT(walked("/dev", FTS_PHYSICAL | FTS_XDEV, "dax") == Found{"/dev/dax0.0=3"});
  EXPECT(walked("/dev", FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, "dax") == Found{"/dev/dax0.0=3"});
  EXPECT(walked(kDevice, FTS_PHYSICAL, "dax") == Found{"/dev/dax0.0=3"});
  EXPECT(walked("/sys/bus/dax/devices", FTS_PHYSICAL, "dax0") == Found{"/sys/bus/dax/devices/dax0.0=12"});
  const Found attributes = walked("/sys/bus/dax/devices/", FTS_LOGICAL, "dax0.0/align");
  EXPECT(attributes == Found{"/sys/bus/dax/devices/dax0.0/align=8"});
  EXPECT(walked("/sys/devices/platform/hmem.0/dax0.0", FTS_PHYSICAL, "/size") ==
         Found{"/sys/devices/platform/hmem.0/dax0.0/size=8"});
  // Relative, into an emulated directory and back.
  EXPECT(::chdir("/sys/bus/dax") == 0);
  EXPECT(walked("devices", FTS_PHYSICAL, "dax0") == Found{"devices/dax0.0=12"});
  char here[256] = {};
  EXPECT(::getcwd(here, sizeof here) != nullptr && std::strcmp(here, "/sys/bus/dax") == 0);
  EXPECT(::chdir("/") == 0);
}

bool root_has_device = false;
int look(const char* path, const struct stat*, int, struct FTW* place) {
  root_has_device = root_has_device || std::strcmp(path, kDevice) == 0;
  const bool inside = place->level == 0 || std::strcmp(path, "/dev") == 0;
  return root_has_device ? 1 : inside || std::strncmp(path, "/dev/", 5) == 0 ? FTW_CONTINUE : FTW_SKIP_SUBTREE;
}

void expand_words() {
  wordexp_t words{};
  EXPECT(::wordexp("/dev/dax*", &words, 0) == 0 && words.we_wordc == 1 && std::strcmp(words.we_wordv[0], kDevice) == 0);
  ::setenv("PLACE", "/dev", 1);
  EXPECT(::wordexp("\"$PLACE\"/d[a]x?.0 '/dev/dax*' /dev/no*such $(echo /dev)/dax*", &words, WRDE_APPEND) == 0);
  const char* const expected[] = {kDevice, kDevice, "/dev/dax*", "/dev/no*such", kDevice};
  EXPECT(words.we_wordc == 5);
  for (std::size_t at = 0; at < words.we_wordc && at < 5; ++at) {
    EXPECT(std::strcmp(words.we_wordv[at], expected[at]) == 0);
  }
  EXPECT(words.we_wordv[words.we_wordc] == nullptr);
  EXPECT(::wordexp("/sys/bus/dax/dev*", &words, WRDE_REUSE) == 0 && words.we_wordc == 1 &&
         std::strcmp(words.we_wordv[0], "/sys/bus/dax/devices") == 0);
  EXPECT(::wordexp("/dev/* | x", &words, WRDE_REUSE) == WRDE_BADCHAR);
  ::wordfree(&words);
}

} // namespace

int main(int count, char** arguments) {
  if (count == 2) { // given a descriptor
    return events(std::atoi(arguments[1])) == "4:dax0.0 " ? 0 : 1;
  }
  wait_for_an_event();
  hand_on("/proc/self/exe");
  walk_trees();
  EXPECT(::nftw("/", look, 16, FTW_PHYS | FTW_ACTIONRETVAL | FTW_MOUNT) >= 0);
  EXPECT(::nftw("/", look, 16, FTW_PHYS | FTW_ACTIONRETVAL) == 1 && root_has_device);
  expand_words();
  watch_devices(); // last: the node is gone then
  return failures == 0 ? 0 : 1;
}
