/* Pointers to nothing, as each pointer of each call: a row per pointer, a word per kind of nothing, each asked in a
   process of its own. What is asked is asked of `target` (a node or an ordinary file), a link, a directory and an
   attribute. */
#include "../rows.h"
#include <aio.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <utime.h>

struct nothing {
  const char* word;
  void* address;
};
extern struct nothing nothings[];
#define NOTHINGS 7
void prepare(void);
extern const char *target, *link_path, *directory, *attribute;

void open_rows(void);
void name_rows(void);
void file_rows(void);
void memory_rows(void);
void socket_rows(void);
void signal_rows(void);

#define ANSWERED 200
/* `p` is the pointer. An expression that is -1 with errno, or anything else. */
#define BAD(name, ...)                                                                                                 \
  do {                                                                                                                 \
    if (row_wanted(name)) {                                                                                            \
      printf("%s:", name);                                                                                             \
      fflush(stdout);                                                                                                  \
      for (int k_ = 0; k_ < NOTHINGS; k_++) {                                                                          \
        void* p = nothings[k_].address;                                                                                \
        prepare();                                                                                                     \
        pid_t p_ = fork();                                                                                             \
        if (p_ == 0) {                                                                                                 \
          alarm(20);                                                                                                   \
          errno = 0;                                                                                                   \
          _exit((long)(__VA_ARGS__) == -1 ? errno : ANSWERED);                                                         \
        }                                                                                                              \
        int st_ = 0;                                                                                                   \
        waitpid(p_, &st_, 0);                                                                                          \
        printf(" %s=%s", nothings[k_].word,                                                                            \
               WIFSIGNALED(st_)               ? sigabbrev_np(WTERMSIG(st_))                                            \
               : WEXITSTATUS(st_) == ANSWERED ? "ok"                                                                   \
                                              : en(WEXITSTATUS(st_)));                                                 \
        fflush(stdout);                                                                                                \
      }                                                                                                                \
      printf("\n");                                                                                                    \
    }                                                                                                                  \
  } while (0)
/* The same of a call by its number. */
#define BADSYS(name, ...) BAD(name, syscall(__VA_ARGS__))
/* A function that gives a pointer, or an error as its value. */
#define GIVEN(...) ((__VA_ARGS__) ? 0 : -1)
#define CODE(...) ((errno = (__VA_ARGS__)) ? -1 : 0)
