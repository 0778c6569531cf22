// proc_memory: do the files of /proc that say how much memory a process has count what it touched of a device? One line
// for each, by the change from before: counted, not, or the megabytes. Whatever the process is named.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { kSize = 64 << 20, kExtent = 2 << 20, kFiles = 4 };
static const char* const names[kFiles] = {"stat", "statm", "status", "smaps_rollup"};

// Reads in small pieces, as a parser may.
static const char* text_of(const char* file) {
  static char text[1 << 16];
  char path[64];
  snprintf(path, sizeof path, "/proc/self/%s", file);
  const int fd = open(path, O_RDONLY);
  ssize_t got = 0;
  size_t used = 0;
  while ((got = read(fd, text + used, 61)) > 0)
    used += (size_t)got;
  close(fd);
  text[used] = 0;
  return text;
}

static long behind(const char* text, const char* word) {
  const char* at = strstr(text, word);
  return at == NULL ? -1 : atol(at + strlen(word));
}

// Bytes resident, as that file says.
static long resident(int file) {
  const char* text = text_of(names[file]);
  if (file == 2)
    return behind(text, "\nVmRSS:") << 10;
  if (file == 3)
    return behind(text, "\nRss:") << 10;
  const char* at = file == 0 ? strrchr(text, ')') : text;
  for (int field = 0; at != NULL && field < (file == 0 ? 22 : 1); ++field)
    at = strchr(at + 1, ' ');
  return at == NULL ? -1 : atol(at + 1) * sysconf(_SC_PAGESIZE);
}

static void say(const char* when, const long* before) {
  for (int file = 0; file < kFiles; ++file) {
    const long more = resident(file) - before[file];
    const char* word = more > kSize - kExtent && more < kSize + kExtent ? "counted"
                       : more > -kExtent && more < kExtent              ? "not"
                                                                        : NULL;
    if (word != NULL)
      printf("%s %s %s\n", when, names[file], word);
    else
      printf("%s %s %ld MB\n", when, names[file], more >> 20);
  }
}

int main(void) {
  long before[kFiles];
  for (int round = 0; round < 2; ++round) // the second finds what the first allocated
    for (int file = 0; file < kFiles; ++file)
      before[file] = resident(file);
  const int fd = open("/dev/dax0.0", O_RDWR);
  say("opened", before);
  char* bytes = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  say("mapped", before);
  for (size_t at = 0; at < kSize; at += 4096) // each page: what stands behind an extent may be made of such
    bytes[at] = 1;
  say("touched", before);
  prctl(PR_SET_NAME, "a\nb) 1 (c");
  say("renamed", before);
  munmap(bytes, kSize);
  say("unmapped", before);
  return 0;
}
