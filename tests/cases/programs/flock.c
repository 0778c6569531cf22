/* PMDK's first steps with a device: locks, opens, sizes, mappings; the node is unlinked at the end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif
#define T(e)                                                                                                           \
  do {                                                                                                                 \
    errno = 0;                                                                                                         \
    long r_ = (long)(e);                                                                                               \
    printf("%-60s %s errno %d\n", #e, r_ == -1 ? "-1" : r_ > 4096 || r_ < 0 ? "addr" : "ok", r_ == -1 ? errno : 0);    \
  } while (0)
int main(int argc, char** argv) {
  const char* p = argc > 1 ? argv[1] : "/dev/dax0.0";
  int a = open(p, O_RDWR), b = open(p, O_RDWR);
  T(flock(a, LOCK_EX | LOCK_NB));
  T(flock(b, LOCK_EX | LOCK_NB));
  T(flock(a, LOCK_UN));
  T(flock(b, LOCK_EX | LOCK_NB));
  T(open(p, O_RDWR | O_CREAT | O_EXCL, 0600));
  T(open(p, O_RDWR | O_CREAT, 0600));
  T(open(p, O_RDWR | O_TRUNC));
  T(open(p, O_RDWR | O_DIRECTORY));
  T(ftruncate(a, 1 << 22));
  T(posix_fallocate(a, 0, 4096));
  T(fallocate(a, 0, 0, 4096));
  T(fchmod(a, 0640));
  T(access(p, R_OK | W_OK));
  T(lseek(a, 0, SEEK_END));
  T(pread(a, (char[16]){0}, 16, 0));
  T(pwrite(a, (char[16]){0}, 16, 0));
  T(fsync(a));
  T(fdatasync(a));
  T(sync_file_range(a, 0, 4096, SYNC_FILE_RANGE_WRITE));
  T(mmap(0, 2 << 20, 3, MAP_SHARED_VALIDATE | MAP_SYNC, a, 0));
  T(mmap(0, 2 << 20, 3, MAP_SHARED, a, 0));
  T(mmap(0, 4096, 3, MAP_SHARED, a, 0));
  T(mmap(0, 2 << 20, 3, MAP_SHARED, a, 4096));
  T(mmap(0, 2 << 20, 3, MAP_PRIVATE, a, 0));
  T(mmap(0, 2 << 20, PROT_NONE, MAP_SHARED, a, 0));
  T(mmap(0, 2 << 20, PROT_READ | PROT_EXEC, MAP_SHARED, a, 0));
  T(mmap(0, 2 << 20, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, a, 0));
  T(mmap(0, 512ul << 20, 3, MAP_SHARED, a, 0));
  char* m = mmap(0, 4 << 20, 3, MAP_SHARED_VALIDATE | MAP_SYNC, a, 0);
  m[0] = 1;
  m[2 << 20] = 2;
  T(msync(m, 4096, MS_SYNC));
  T(msync(m, 4096, MS_ASYNC));
  T(munmap(m + 4096, 4096));
  T(munmap(m + (2 << 20), 2 << 20));
  T(mprotect(m, 4096, PROT_READ));
  T(mprotect(m, 2 << 20, PROT_READ));
  T(madvise(m, 2 << 20, MADV_DONTFORK));
  int c = open(p, O_RDONLY);
  T(mmap(0, 2 << 20, 3, MAP_SHARED, c, 0));
  T(mmap(0, 2 << 20, 1, MAP_SHARED, c, 0));
  char* q = mmap(0, 2 << 20, 1, MAP_SHARED, c, 0);
  T(mprotect(q, 2 << 20, 3));
  T(mprotect(q, 2 << 20, PROT_READ | PROT_EXEC));
  T(unlink(p));
  return 0;
}
