/* Handles that the rows of reports share. */
#define _GNU_SOURCE
#include "../rows.h"
#include <limits.h>
#include <sys/prctl.h>
#ifndef MADV_HWPOISON
#define MADV_HWPOISON 100
#endif
#define MP(n, ...)                                                                                                     \
  ({                                                                                                                   \
    void* q_ = mmap(__VA_ARGS__);                                                                                      \
    pr(n, q_ == MAP_FAILED ? -1 : 0);                                                                                  \
    q_;                                                                                                                \
  })
static char smapsline[200];
static const char* smaps(void* p, const char* key) {
  FILE* f = fopen("/proc/self/smaps", "r");
  char b[400];
  int in = 0;
  strcpy(smapsline, "none");
  while (fgets(b, 400, f)) {
    unsigned long x, y;
    if (sscanf(b, "%lx-%lx ", &x, &y) == 2 && strchr(b, '-') < b + 17)
      in = (unsigned long)p >= x && (unsigned long)p < y;
    else if (in && !strncmp(b, key, strlen(key))) {
      char* q = b + strlen(key);
      while (*q == ' ' || *q == ':')
        q++;
      q[strcspn(q, "\n")] = 0;
      strcpy(smapsline, q);
      break;
    }
  }
  fclose(f);
  return smapsline;
}
static volatile int hits;
static void h_cnt(int s, siginfo_t* i, void* c) {
  hits++;
  t_code = i->si_code;
  t_lsb = i->si_addr_lsb;
}
static void wr(const char* f, const char* t) {
  int fd = open(f, O_WRONLY);
  int r = fd < 0 ? -1 : write(fd, t, strlen(t));
  printf("[%s]=%s ", strrchr(f, '/') + 1, r < 0 ? en(errno) : "ok");
  if (fd >= 0)
    close(fd);
}
static void* thr(void* p) {
  t_install();
  touch("t", p, 1);
  return 0;
}
