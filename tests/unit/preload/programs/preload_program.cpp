// An ordinary program, run under the library: what a process does to itself and to its children while it has a device
// mapped, and the calls that libc builds on others inside itself. Every line that fails is printed.
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/preload/programs/program_expect.hpp"

namespace {

constexpr std::size_t kExtent = 2U << 20;
constexpr const char* kDevice = "/dev/dax0.0";
constexpr const char* kAlign = "/sys/bus/dax/devices/dax0.0/align";

// Closing everything must not take the runtime's descriptors: extents not yet touched can be touched afterwards.
char* close_everything() {
  const int lowest = ::dup(0);
  ::close(lowest);
  const int fd = ::open(kDevice, O_RDWR);
  EXPECT(fd == lowest);
  char* const bytes = static_cast<char*>(::mmap(nullptr, 16 * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  EXPECT(bytes != MAP_FAILED);
  if (bytes == MAP_FAILED) {
    std::exit(1);
  }
  bytes[0] = 1;
  ::closefrom(3);
  bytes[kExtent] = 1;
  for (int number = 3; number < 65536; ++number) {
    ::close(number);
  }
  bytes[2 * kExtent] = 1;
  EXPECT(::close_range(3, ~0U, 0) == 0);
  bytes[3 * kExtent] = 1;
  const rlimit low{64, 64};
  EXPECT(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  const int again = ::open(kDevice, O_RDWR);
  EXPECT(again == 3);
  EXPECT(::dup2(again, 63) == 63);
  struct stat about {};
  EXPECT(::fstat(63, &about) == 0 && S_ISCHR(about.st_mode));
  bytes[4 * kExtent] = 1;
  return bytes;
}

// A child sees the platform whatever environment it is given.
void start_children() {
  char test[] = "test";
  char option[] = "-c";
  char path[] = "/dev/dax0.0";
  char* const arguments[] = {test, option, path, nullptr};
  char* const nothing[] = {nullptr};
  pid_t child = ::vfork();
  if (child == 0) {
    ::execl("/usr/bin/test", "test", "-c", kDevice, nullptr);
    ::_exit(99);
  }
  EXPECT(wait_for(child) == 0);
  child = ::fork();
  if (child == 0) {
    ::execve("/usr/bin/test", arguments, nothing);
    ::_exit(99);
  }
  EXPECT(wait_for(child) == 0);
  EXPECT(::posix_spawnp(&child, "test", nullptr, nullptr, arguments, nothing) == 0 && wait_for(child) == 0);
  EXPECT(::clearenv() == 0);
  EXPECT(::system("test -c /dev/dax0.0") == 0);
  FILE* const pipe = ::popen("cat /sys/bus/dax/devices/dax0.0/align", "r");
  char text[32] = {};
  EXPECT(pipe != nullptr && std::fgets(text, sizeof text, pipe) != nullptr && std::strcmp(text, "2097152\n") == 0);
  EXPECT(::pclose(pipe) == 0);
  EXPECT(::execl(kAlign, "align", nullptr) == -1 && errno == EACCES);
}

int attributes_seen = 0;
int see(const char* path, const struct stat*, int type, struct FTW* place) {
  EXPECT(path[place->base - 1] == '/' || place->level == 0);
  attributes_seen += type == FTW_F ? 1 : 0;
  return 0;
}

void list_directories() {
  struct dirent** list = nullptr;
  EXPECT(::scandir("/sys/bus/dax/devices", &list, nullptr, alphasort) == 3 &&
         std::strcmp(list[2]->d_name, "dax0.0") == 0);
  glob_t found{};
  EXPECT(::glob("/dev/dax*", 0, nullptr, &found) == 0 && found.gl_pathc == 1);
  EXPECT(::glob("/sys/bus/dax/devices/*/alig?", 0, nullptr, &found) == 0 && found.gl_pathc == 1);
  EXPECT(::nftw("/sys/devices/platform/hmem.0/dax0.0", see, 8, FTW_PHYS) == 0 && attributes_seen > 8);
  EXPECT(::chdir("/sys/bus/dax/devices") == 0);
  char here[PATH_MAX];
  EXPECT(::getcwd(here, sizeof here) != nullptr && std::strcmp(here, "/sys/bus/dax/devices") == 0);
  EXPECT(::access("dax0.0/size", R_OK) == 0 && ::access("../devices/dax0.0", F_OK) == 0);
  EXPECT(::system("test -r dax0.0/size") == 0); // where the child begins
  EXPECT(::chdir("/") == 0 && ::access("dev/dax0.0", F_OK) == 0);
}

// stdio writes to attributes inside libc; the errno comes back all the same.
void write_with_stdio() {
  for (const char* mode : {"w", "r+", "a"}) {
    FILE* const stream = std::fopen(kAlign, mode);
    EXPECT(stream != nullptr && std::fputs("12345\n", stream) != EOF);
    errno = 0;
    EXPECT(std::fclose(stream) == EOF && errno == EINVAL);
  }
  FILE* const device = std::fopen(kDevice, "r");
  EXPECT(device != nullptr && std::fgetc(device) == EOF && errno == EINVAL && ::fileno(device) >= 3);
  EXPECT(std::fclose(device) == 0);
  std::fflush(stdout);
  const int kept = ::dup(1);
  const int fd = ::open(kDevice, O_WRONLY | O_CREAT | O_TRUNC, 0666); // as a shell's redirection
  EXPECT(::dup2(fd, 1) == 1 && ::close(fd) == 0);
  std::printf("text\n");
  const int flushed = std::fflush(stdout);
  const int code = errno;
  EXPECT(::dup2(kept, 1) == 1 && ::close(kept) == 0);
  std::clearerr(stdout);
  EXPECT(flushed == EOF && code == EINVAL);
}

// A program that has looked for many files in vain: what leads to a node by a link, even one that was made a moment
// ago, is found all the same, by open(2) and by realpath(3); what is there is open, and has the number it would have.
void search() {
  char folder[] = "/var/tmp/daxemu-search-XXXXXX";
  EXPECT(::mkdtemp(folder) != nullptr);
  const std::string place = folder;
  const std::string missing = place + "/include/stdio.h";
  const std::string link = place + "/include";
  const std::string device = place + "/device";
  const auto missed = [&](const std::string& path) { return ::open(path.c_str(), O_RDONLY) < 0 && errno == ENOENT; };
  char resolved[PATH_MAX] = {};
  for (int at = 0; at < 40; ++at) {
    EXPECT(missed(missing) && missed(place + "/" + std::to_string(at)));
    errno = 0;
    EXPECT(::realpath(missing.c_str(), resolved) == nullptr && errno == ENOENT && link == resolved);
  }
  EXPECT(::symlink(kDevice, device.c_str()) == 0 && ::symlink("/sys/bus/dax/devices", link.c_str()) == 0);
  int fd = ::open(device.c_str(), O_RDONLY);
  struct stat about {};
  EXPECT(fd >= 3 && ::fstat(fd, &about) == 0 && S_ISCHR(about.st_mode) && ::close(fd) == 0);
  fd = ::open((link + "/dax0.0/align").c_str(), O_RDONLY | O_CLOEXEC);
  char text[32] = {};
  EXPECT(fd >= 3 && ::read(fd, text, sizeof text) == 8 && ::close(fd) == 0);
  EXPECT(::realpath(device.c_str(), resolved) == resolved && std::strcmp(resolved, kDevice) == 0);
  EXPECT(::realpath((link + "/dax0.0").c_str(), resolved) == resolved && std::strstr(resolved, "/dax0.0") != nullptr);
  EXPECT(missed(link + "/dax9.9") && missed(place + "/other"));
  EXPECT(::unlink(link.c_str()) == 0 && ::symlink("elsewhere", link.c_str()) == 0);
  EXPECT(missed(missing) && missed(link));
  EXPECT(::realpath(missing.c_str(), resolved) == nullptr && errno == ENOENT && place + "/elsewhere" == resolved);
  const int lowest = ::dup(0);
  EXPECT(::close(lowest) == 0 && ::open("/etc/passwd", O_RDONLY) == lowest && ::close(lowest) == 0);
  EXPECT(::unlink(link.c_str()) == 0 && ::unlink(device.c_str()) == 0 && ::rmdir(folder) == 0);
}

void call_by_number() {
  struct stat about {};
  EXPECT(::syscall(SYS_newfstatat, AT_FDCWD, kDevice, &about, 0) == 0 && S_ISCHR(about.st_mode));
  const long fd = ::syscall(SYS_openat, AT_FDCWD, kAlign, O_RDONLY);
  char text[32] = {};
  EXPECT(fd >= 3 && ::syscall(SYS_read, fd, text, sizeof text) == 8);
  EXPECT(::syscall(SYS_close, fd) == 0);
  EXPECT(::syscall(SYS_getpid) == ::getpid());
}

} // namespace

int main() {
  char* const bytes = close_everything();
  start_children();
  list_directories();
  write_with_stdio();
  call_by_number();
  search();
  EXPECT(bytes[0] == 1 && bytes[4 * kExtent] == 1);
  return failures == 0 ? 0 : 1;
}
