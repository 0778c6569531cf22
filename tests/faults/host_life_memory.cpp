// What else the program does with its address space: other mappings over ours, its own userfaultfd, write barriers by
// SIGSEGV, libraries that come later.
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <cstring>
#include <thread>

#include <dlfcn.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "tests/faults/host_life.hpp"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

namespace host_life {
namespace {

constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr std::size_t kPage = 4096;

void map_fixed_over() {
  volatile char* at = map_device();
  for (std::size_t extent = 0; extent < 8; ++extent) {
    touch(at, extent);
  }
  char* third = const_cast<char*>(at) + 2 * kExtent;
  REQUIRE(::mmap(third, 2 * kExtent, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == third);
  REQUIRE(third[5] == 0 && third[kExtent + 5] == 0); // its memory, not the device's
  std::memset(third, 0x77, 2 * kExtent);
  REQUIRE(at[kExtent + 5] == 2 && at[4 * kExtent + 5] == 5);
  const int fd = ::open("/dev/dax0.0", O_RDWR); // and back
  REQUIRE(::mmap(third, 2 * kExtent, kReadWrite, MAP_SHARED | MAP_FIXED, fd, 2 * kExtent) == third);
  REQUIRE(third[5] == 3 && third[kExtent + 5] == 4);
  touch(at, 9);
}

// Memory that is no device's, as the kernel has it: each call twice, for the first of a kind goes another way; and once
// more when a device is mapped.
void memory_of_others() {
  for (int round = 0; round < 3; ++round) {
    for (const int prot : {PROT_NONE, kReadWrite, kReadWrite | PROT_EXEC}) {
      void* const at = ::mmap(nullptr, 3 * kPage, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      REQUIRE(at != MAP_FAILED);
      auto* const middle = static_cast<char*>(at) + kPage;
      REQUIRE(::mprotect(middle, kPage, kReadWrite) == 0);
      std::memset(middle, 0x77, kPage);
      errno = 0;
      REQUIRE(::mprotect(middle + 1, kPage, PROT_READ) == -1 && errno == EINVAL);
      REQUIRE(::munmap(middle, kPage) == 0);
      REQUIRE(::mprotect(middle, kPage, PROT_READ) == -1 && errno == ENOMEM);
      REQUIRE(::munmap(at, 3 * kPage) == 0);
      errno = 0;
      REQUIRE(::munmap(at, 0) == -1 && errno == EINVAL);
    }
    const int fd = ::open("/proc/self/exe", O_RDONLY);
    REQUIRE(fd >= 0);
    const auto refused = [fd](std::size_t length, int prot, int flags, off_t offset) {
      errno = 0;
      return ::mmap(nullptr, length, prot, flags, fd, offset) == MAP_FAILED ? errno : 0;
    };
    REQUIRE(refused(kPage, PROT_READ, MAP_PRIVATE, 0) == 0);
    REQUIRE(refused(kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0) == 0);
    REQUIRE(refused(0, PROT_READ, MAP_PRIVATE, 0) == EINVAL);
    REQUIRE(refused(kPage, PROT_READ, MAP_PRIVATE, 1) == EINVAL);
    REQUIRE(refused(kPage, PROT_READ, 0, 0) == EINVAL);
    REQUIRE(refused(kPage, kReadWrite, MAP_SHARED, 0) == EACCES);
    ::close(fd);
    REQUIRE(refused(kPage, PROT_READ, MAP_PRIVATE, 0) == EBADF);
    if (round == 1) {
      touch(map_device(), 1);
    }
  }
}

// The program serves faults of its own memory itself, and ours are served by us.
void own_userfaultfd() {
  const int own = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
  REQUIRE(own >= 0);
  uffdio_api api{};
  api.api = UFFD_API;
  REQUIRE(::ioctl(own, UFFDIO_API, &api) == 0);
  volatile char* at = map_device();
  auto* page = static_cast<volatile char*>(::mmap(nullptr, 4096, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  uffdio_register request{};
  request.range = {reinterpret_cast<std::uint64_t>(page), 4096};
  request.mode = UFFDIO_REGISTER_MODE_MISSING;
  REQUIRE(::ioctl(own, UFFDIO_REGISTER, &request) == 0);
  std::thread server([own, at] {
    touch(at, 3); // served while the program serves
    uffd_msg message{};
    REQUIRE(::read(own, &message, sizeof message) == sizeof message && message.event == UFFD_EVENT_PAGEFAULT);
    alignas(4096) static char bytes[4096];
    bytes[0] = 'x';
    uffdio_copy copy{};
    copy.dst = message.arg.pagefault.address & ~4095ULL;
    copy.src = reinterpret_cast<std::uint64_t>(bytes);
    copy.len = sizeof bytes;
    REQUIRE(::ioctl(own, UFFDIO_COPY, &copy) == 0);
  });
  REQUIRE(page[0] == 'x');
  server.join();
  touch(at, 4);
  request.range = {reinterpret_cast<std::uint64_t>(at), kExtent}; // a device-dax mapping is none that it can serve
  REQUIRE(::ioctl(own, UFFDIO_REGISTER, &request) == -1 && errno == EINVAL);
  REQUIRE(::close(own) == 0);
  touch(at, 5);
}

// A collector's write barrier: SIGSEGV of a write to what is protected, handled by unprotecting it.
volatile char* guarded = nullptr;
std::atomic<int> barriers{0};

void write_barrier() {
  guarded = map_device();
  touch(guarded, 0);
  touch(guarded, 1);
  char* both = const_cast<char*>(guarded);
  REQUIRE(::mprotect(both, 3 * kExtent, PROT_READ) == 0);
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t* info, void*) {
    const auto offset = static_cast<std::size_t>(static_cast<char*>(info->si_addr) - const_cast<char*>(guarded));
    if (offset >= 3 * kExtent ||
        ::mprotect(const_cast<char*>(guarded) + offset / kExtent * kExtent, kExtent, kReadWrite) != 0) {
      ::_exit(9);
    }
    barriers.fetch_add(1);
  };
  REQUIRE(::sigaction(SIGSEGV, &action, nullptr) == 0);
  REQUIRE(guarded[5] == 1); // reads need no barrier
  touch(guarded, 0);
  touch(guarded, 1);
  touch(guarded, 2); // never touched before
  REQUIRE(barriers.load() == 3);
}

// A library that comes by dlopen, opens and maps the device in its constructor, and goes.
void dlopened_library() {
  const char* path = std::getenv("HOST_LIFE_LIBRARY");
  REQUIRE(path != nullptr);
  for (int round = 0; round < 3; ++round) {
    void* library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library != nullptr);
    auto* mapped = static_cast<volatile char* (*)()>(nullptr);
    *reinterpret_cast<void**>(&mapped) = ::dlsym(library, "host_life_mapped");
    REQUIRE(mapped != nullptr && mapped()[5] == static_cast<char>(round)); // what its last life left
    mapped()[5] = static_cast<char>(round + 1);
    REQUIRE(::dlclose(library) == 0);
  }
  touch(map_device(), 1);
}

} // namespace

void add_memory_cases(Cases& cases) {
  cases["memory_of_others"] = memory_of_others;
  cases["map_fixed_over"] = map_fixed_over;
  cases["own_userfaultfd"] = own_userfaultfd;
  cases["write_barrier"] = write_barrier;
  cases["dlopened_library"] = dlopened_library;
}

} // namespace host_life
