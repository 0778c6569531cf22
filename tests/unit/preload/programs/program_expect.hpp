// What the programs that are run under the library say of what is not as it should be: a line each, with the place and
// errno, and no test framework between them and the C library.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <sys/wait.h>

inline int failures = 0;

inline void expect(bool fine, int line, const char* what) {
  if (!fine) {
    std::printf("FAIL: line %d: %s (errno %d, %s)\n", line, what, errno, std::strerror(errno));
    ++failures;
  }
}
#define EXPECT(condition) expect(condition, __LINE__, #condition)
#define EXPECT_ERRNO(call, code)                                                                                       \
  do {                                                                                                                 \
    errno = 0;                                                                                                         \
    EXPECT((call) == -1 && errno == (code));                                                                           \
  } while (false)

// The exit status of a child; -1 if it was killed, or is none.
inline int wait_for(pid_t child) {
  int status = -1;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
