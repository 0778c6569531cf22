// A library that others preload beside ours (fakeroot and its kin): it wants to see the calls it has definitions of.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char seen[] = "/seen-by-the-other-library";

int stat(const char* path, struct stat* into) {
  int (*next)(const char*, struct stat*) = (int (*)(const char*, struct stat*))dlsym(RTLD_NEXT, "stat");
  return next(strcmp(path, seen) == 0 ? "/" : path, into);
}
int access(const char* path, int mode) {
  int (*next)(const char*, int) = (int (*)(const char*, int))dlsym(RTLD_NEXT, "access");
  return next(strcmp(path, seen) == 0 ? "/" : path, mode);
}
int open(const char* path, int flags, ...) {
  int (*next)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  return next(strcmp(path, seen) == 0 ? "/" : path, flags);
}
