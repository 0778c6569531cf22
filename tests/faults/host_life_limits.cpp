// A resource runs out under the program: a clear error, nothing lost, and it works again when the resource is back.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <fstream>
#include <vector>

#include <sys/resource.h>

#include "tests/faults/host_life.hpp"

namespace host_life {
namespace {

constexpr int kNobody = 65534;
constexpr int kSkipped = 77;

void limit(int what, rlim_t most) {
  rlimit now{};
  REQUIRE(::getrlimit(static_cast<__rlimit_resource>(what), &now) == 0);
  now.rlim_cur = std::min(most, now.rlim_max);
  REQUIRE(::setrlimit(static_cast<__rlimit_resource>(what), &now) == 0);
}

// Limits that root is exempt from bind this user, who can become root again.
void be_nobody() {
  REQUIRE(::setresuid(kNobody, kNobody, 0) == 0);
}
void be_root() {
  REQUIRE(::setresuid(0, 0, 0) == 0);
}

int open_device() {
  const int fd = ::open("/dev/dax0.0", O_RDWR);
  REQUIRE(fd >= 0);
  return fd;
}

// mmap(2) of one extent; 0 or errno.
int map_error(int fd, int flags = 0) {
  void* at = ::mmap(nullptr, kExtent, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);
  if (at == MAP_FAILED) {
    return errno;
  }
  REQUIRE(::munmap(at, kExtent) == 0);
  return 0;
}

// vm.max_map_count.
void many_mappings() {
  std::uint64_t most = 0;
  std::ifstream("/proc/sys/vm/max_map_count") >> most;
  constexpr std::uint64_t kTooMany = 1 << 20;
  if (most > kTooMany) {
    std::printf("SKIP: vm.max_map_count is %lu, more than this test will fill\n", static_cast<unsigned long>(most));
    std::_Exit(kSkipped);
  }
  volatile char* at = map_device();
  touch(at, 0);
  const int fd = open_device();
  const std::size_t length = most * 2 * 4096;
  char* filler = static_cast<char*>(::mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(filler != MAP_FAILED);
  std::size_t page = 1;
  while (page < most * 2 && ::mprotect(filler + page * 4096, 4096, PROT_READ) == 0) { // each splits off two
    page += 2;
  }
  REQUIRE(errno == ENOMEM && page < most * 2);
  for (std::size_t one = page; one < most * 2; ++one) { // and what single ones are left
    if (::mmap(nullptr, 4096, one % 2 == 0 ? PROT_READ : PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
      break;
    }
  }
  REQUIRE(map_error(fd) == ENOMEM);
  touch(at, 0); // what there is stays usable, touched or not
  touch(at, 1);
  REQUIRE(at[5] == 1);
  REQUIRE(::munmap(filler, length) == 0);
  REQUIRE(map_error(fd) == 0);
  touch(map_device(), 2);
  REQUIRE(at[2 * kExtent + 5] == 3);
}

// RLIMIT_MEMLOCK.
void locked_memory() {
  const int fd = open_device();
  volatile char* at = map_device();
  char* extent = const_cast<char*>(at);
  limit(RLIMIT_MEMLOCK, 4096);
  be_nobody();
  REQUIRE(::mlock(extent, kExtent) == -1 && errno == ENOMEM);
  REQUIRE(map_error(fd, MAP_LOCKED) == EAGAIN);
  touch(at, 0);
  touch(at, 7);
  be_root();
  limit(RLIMIT_MEMLOCK, 64 << 20);
  REQUIRE(::mlock(extent, kExtent) == 0 && ::munlock(extent, kExtent) == 0);
  REQUIRE(map_error(fd, MAP_LOCKED) == 0);
}

// RLIMIT_FSIZE: a device is no file that grows.
void file_size() {
  limit(RLIMIT_FSIZE, 0);
  volatile char* at = map_device();
  touch(at, 0);
  touch(at, kDevice / kExtent - 1);
}

std::uint64_t address_space() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

// RLIMIT_AS.
void address_space_limit() {
  const int fd = open_device();
  limit(RLIMIT_AS, address_space() + kExtent / 2);
  REQUIRE(map_error(fd) == ENOMEM);
  limit(RLIMIT_AS, RLIM_INFINITY);
  REQUIRE(map_error(fd) == 0);
  volatile char* at = map_device();
  touch(at, 3);
  limit(RLIMIT_AS, address_space());
  touch(at, 3); // what is mapped is served without a byte more
  touch(at, 4);
  REQUIRE(map_error(fd) == ENOMEM);
}

// RLIMIT_NOFILE: no descriptor is left for us.
void no_descriptors() {
  limit(RLIMIT_NOFILE, 64);
  const int fd = open_device();
  std::vector<int> taken;
  for (int one = ::open("/dev/null", O_RDONLY); one >= 0; one = ::open("/dev/null", O_RDONLY)) {
    taken.push_back(one);
  }
  REQUIRE(errno == EMFILE);
  REQUIRE(::open("/dev/dax0.0", O_RDWR) == -1 && errno == EMFILE);
  REQUIRE(map_error(fd) == EMFILE);
  for (const int one : taken) {
    ::close(one);
  }
  REQUIRE(map_error(fd) == 0);
  touch(map_device(), 5);
}

} // namespace

void add_limit_cases(Cases& cases) {
  cases["many_mappings"] = many_mappings;
  cases["locked_memory"] = locked_memory;
  cases["file_size"] = file_size;
  cases["address_space_limit"] = address_space_limit;
  cases["no_descriptors"] = no_descriptors;
}

} // namespace host_life
