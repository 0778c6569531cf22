/* Keeps a mapping, or ends in a core dump with it. */
#define _GNU_SOURCE
#include "../rows.h"
int main(int c, char** v) {
  int fd = o();
  char* p = m(fd, 8 * A);
  strcpy(p, "hello-dax");
  p[A] = 'z';
  printf("%p\n", p);
  fflush(stdout);
  if (c > 1 && !strcmp(v[1], "abort")) {
    FILE* f = fopen("/proc/self/coredump_filter", "w");
    if (c > 2)
      fprintf(f, "%s", v[2]);
    fclose(f);
    struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &r);
    chdir("/tmp");
    abort();
  }
  if (c > 1 && !strcmp(v[1], "bus")) {
    char* q = mmap(0, 4 * A, 3, MAP_SHARED, fd, SIZE);
    chdir("/tmp");
    q[5] = 1;
  }
  sleep(30);
  return 0;
}
