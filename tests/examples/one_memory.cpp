// One memory, whoever looks: a device-dax is mapped by this process, by its fork, by a program that was handed the
// descriptor over a socket and never saw the path, and by whoever opens it again. Each writes a word where the others
// read it. Runs on any device-dax, emulated or real; it overwrites the device's first two extents.
//   one_memory /dev/dax0.0
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::uint64_t kParent = 0x70617265'6e740001;   // written by main
constexpr std::uint64_t kChild = 0x6368696c'64000002;    // by its fork
constexpr std::uint64_t kReceiver = 0x73747261'6e670003; // by the program that got the descriptor

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// The size of the device's extents, as its sysfs says.
std::size_t extent_size(int fd) {
  struct stat st = {};
  if (::fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode)) {
    die("fstat: no character device");
  }
  std::size_t bytes = 0;
  std::ifstream("/sys/dev/char/" + std::to_string(major(st.st_rdev)) + ":" + std::to_string(minor(st.st_rdev)) +
                "/align") >>
      bytes;
  if (bytes == 0) {
    die("the device's align attribute");
  }
  return bytes;
}

// Two extents of the device. The words lie at the start of the first, in its middle and at the end of the second.
class View {
public:
  explicit View(int fd) : extent_(extent_size(fd)) {
    address_ = ::mmap(nullptr, 2 * extent_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (address_ == MAP_FAILED) {
      die("mmap");
    }
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  ~View() { ::munmap(address_, 2 * extent_); }

  std::atomic_ref<std::uint64_t> parent_word() const { return word(0); }
  std::atomic_ref<std::uint64_t> child_word() const { return word(extent_ / 2); }
  std::atomic_ref<std::uint64_t> receiver_word() const { return word(2 * extent_ - sizeof(std::uint64_t)); }

private:
  std::atomic_ref<std::uint64_t> word(std::size_t offset) const {
    return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(static_cast<char*>(address_) + offset));
  }
  std::size_t extent_;
  void* address_;
};

int views_that_agree = 0;

void expect(const char* who, bool agrees) {
  std::printf("%-48s %s\n", who, agrees ? "yes" : "NO");
  std::fflush(stdout);
  views_that_agree += agrees ? 1 : 0;
}

// True if the process `pid` ended with status 0.
bool ended_well(pid_t pid) {
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

void send_descriptor(int socket, int fd) {
  char byte = 0;
  iovec data = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(int));
  if (::sendmsg(socket, &message, 0) != 1) {
    die("sendmsg");
  }
}

int receive_descriptor(int socket) {
  char byte = 0;
  iovec data = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket, &message, 0) != 1 || CMSG_FIRSTHDR(&message) == nullptr) {
    die("recvmsg");
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
  return fd;
}

// The other program: all it has is a socket.
int receiver(int socket) {
  const View view(receive_descriptor(socket));
  if (view.parent_word().load() != kParent || view.child_word().load() != kChild) {
    return 1;
  }
  view.receiver_word().store(kReceiver);
  return 0;
}

void run_receiver(int fd) {
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) != 0 || ::fcntl(sockets[0], F_SETFD, FD_CLOEXEC) != 0) {
    die("socketpair");
  }
  const std::string end = std::to_string(sockets[1]);
  const char* arguments[] = {"one_memory", "--receive", end.c_str(), nullptr};
  pid_t pid = 0;
  if (::posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, const_cast<char**>(arguments), environ) != 0) {
    die("posix_spawn");
  }
  ::close(sockets[1]);
  send_descriptor(sockets[0], fd);
  expect("the receiver of the descriptor sees both words", ended_well(pid));
  ::close(sockets[0]);
}

int show(const char* path) {
  const int fd = ::open(path, O_RDWR | O_CLOEXEC); // close-on-exec: the receiver can have it by the socket only
  if (fd < 0) {
    die(path);
  }
  const View view(fd);
  view.child_word().store(0);
  view.receiver_word().store(0);
  view.parent_word().store(kParent);

  const pid_t child = ::fork();
  if (child == 0) {
    const bool saw = view.parent_word().load() == kParent;
    view.child_word().store(kChild);
    ::_exit(saw ? 0 : 1);
  }
  expect("the child sees its parent's word", ended_well(child));
  expect("the parent sees its child's word", view.child_word().load() == kChild);

  run_receiver(fd);
  expect("the parent sees the receiver's word", view.receiver_word().load() == kReceiver);

  const int again = ::open(path, O_RDWR | O_CLOEXEC);
  if (again < 0) {
    die(path);
  }
  expect("whoever opens it again sees the receiver's word", View(again).receiver_word().load() == kReceiver);
  std::printf("one memory: %d of 5 views agree\n", views_that_agree);
  return views_that_agree == 5 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--receive") == 0) {
    return receiver(std::atoi(argv[2]));
  }
  if (argc != 2) {
    std::fprintf(stderr, "usage: one_memory /dev/daxX.Y\n");
    return 2;
  }
  return show(argv[1]);
}
