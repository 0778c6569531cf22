// sysfs_tree PATH...: every file, link and folder below each PATH, by name: kind, mode, links, size, path; a link's
// target; what a file says, or the error of reading it. Links are not followed. A PATH that is not there is said to be
// so.
//   d 0755 nlink=3 size=0 PATH | l 0777 PATH -> TARGET | f 0444 nlink=1 size=4096 PATH "1\n" | f 0200 nlink=1 size=4096
//   PATH
// A file of bytes is in hexadecimal.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void show(const unsigned char* bytes, ssize_t size) {
  int is_text = 1;
  for (ssize_t at = 0; at < size; ++at) {
    is_text = is_text && (bytes[at] == '\n' || bytes[at] == '\t' || (bytes[at] >= ' ' && bytes[at] <= '~'));
  }
  putchar(is_text ? '"' : '<');
  for (ssize_t at = 0; at < size; ++at) {
    if (!is_text) {
      printf("%02x", bytes[at]);
    } else if (bytes[at] == '\n') {
      fputs("\\n", stdout);
    } else if (bytes[at] == '\t') {
      fputs("\\t", stdout);
    } else {
      putchar(bytes[at]);
    }
  }
  putchar(is_text ? '"' : '>');
}

static void show_contents(const char* path) {
  static unsigned char bytes[1 << 16];
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    printf(" open: %s", strerrorname_np(errno));
    return;
  }
  ssize_t size = 0;
  ssize_t more;
  while ((more = read(fd, bytes + size, sizeof bytes - (size_t)size)) > 0) {
    size += more;
  }
  putchar(' ');
  if (more < 0 && size == 0) {
    printf("read: %s", strerrorname_np(errno));
  } else {
    show(bytes, size);
  }
  close(fd);
}

static void list(const char* path);

static void list_folder(const char* path) {
  struct dirent** entries;
  const int count = scandir(path, &entries, NULL, alphasort);
  for (int at = 0; at < count; ++at) {
    if (strcmp(entries[at]->d_name, ".") != 0 && strcmp(entries[at]->d_name, "..") != 0) {
      char* inner = NULL;
      if (asprintf(&inner, "%s/%s", path, entries[at]->d_name) > 0) {
        list(inner);
        free(inner);
      }
    }
    free(entries[at]);
  }
  if (count >= 0) {
    free(entries);
  }
}

static void list(const char* path) {
  struct stat about;
  if (lstat(path, &about) != 0) {
    printf("? %s: %s\n", path, strerrorname_np(errno));
    return;
  }
  if (S_ISLNK(about.st_mode)) {
    char target[4096] = "";
    (void)!readlink(path, target, sizeof target - 1);
    printf("l %04o %s -> %s\n", about.st_mode & 07777, path, target);
    return;
  }
  const char kind = S_ISDIR(about.st_mode) ? 'd' : S_ISREG(about.st_mode) ? 'f' : S_ISCHR(about.st_mode) ? 'c' : '?';
  printf("%c %04o nlink=%lu size=%lld %s", kind, about.st_mode & 07777, (unsigned long)about.st_nlink,
         (long long)about.st_size, path);
  if (kind == 'f' && (about.st_mode & 0444) != 0) {
    show_contents(path);
  }
  putchar('\n');
  if (kind == 'd') {
    list_folder(path);
  }
}

int main(int count, char** words) {
  for (int at = 1; at < count; ++at) {
    list(words[at]);
  }
  return 0;
}
