// What the cases share. Needs nothing of daxemu: all of it holds on a real device-dax too.
#pragma once

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace host_life {

inline constexpr std::size_t kExtent = 2 << 20;
inline constexpr std::size_t kDevice = 64 << 20;

using Cases = std::map<std::string, std::function<void()>>;
void add_signal_cases(Cases& cases);
void add_process_cases(Cases& cases);
void add_limit_cases(Cases& cases);
void add_memory_cases(Cases& cases);
void add_end_cases(Cases& cases);

#define REQUIRE(condition)                                                                                             \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                             \
      std::_Exit(1);                                                                                                   \
    }                                                                                                                  \
  } while (false)

// The whole device and one extent beyond its end.
inline volatile char* map_device() {
  const int fd = ::open("/dev/dax0.0", O_RDWR);
  REQUIRE(fd >= 0);
  void* at = ::mmap(nullptr, kDevice + kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(at != MAP_FAILED);
  ::close(fd);
  return static_cast<volatile char*>(at);
}

inline void touch(volatile char* base, std::size_t extent) {
  volatile char* at = base + extent * kExtent + 5;
  *at = static_cast<char>(extent + 1);
  REQUIRE(*at == static_cast<char>(extent + 1));
}

// The wait status of a child that runs `body` and then exits with 0.
inline int status_of_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    std::_Exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

} // namespace host_life
