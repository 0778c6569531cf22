/* host_watch FOLDER: notes in FOLDER/events what becomes of the machine's own /dev and /sys, until FOLDER/stop is
   there: names that come, go or move, and inodes whose mode, owner or attributes change. Writes FOLDER/ready once it
   listens. */
#define _GNU_SOURCE
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_watches = 8192, most_depth = 4 };
static char* watched[most_watches];
static int queue;
static dev_t file_system;

static int add(const char* path, const struct stat* about, int type, struct FTW* where) {
  if (about->st_dev != file_system || where->level > most_depth) {
    return FTW_SKIP_SUBTREE; /* /dev/shm, /dev/pts: other people's */
  }
  if (type != FTW_D) {
    return FTW_CONTINUE;
  }
  const int watch =
      inotify_add_watch(queue, path, IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB | IN_ONLYDIR | IN_DONT_FOLLOW);
  if (watch >= 0 && watch < most_watches && watched[watch] == NULL) {
    watched[watch] = strdup(path);
  }
  return FTW_CONTINUE;
}

static void watch_below(const char* path) {
  struct stat about;
  if (stat(path, &about) == 0) {
    file_system = about.st_dev;
    nftw(path, add, 32, FTW_PHYS | FTW_ACTIONRETVAL);
  }
}

static FILE* open_in(const char* folder, const char* name, const char* mode) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return fopen(path, mode);
}

int main(int count, char** words) {
  if (count != 2) {
    return 2;
  }
  queue = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  FILE* events = open_in(words[1], "events", "w");
  if (queue < 0 || events == NULL) {
    return 1;
  }
  const char* tops[] = {"/dev", "/sys/bus", "/sys/class", "/sys/dev", "/sys/devices/platform", "/sys/module"};
  for (size_t at = 0; at < sizeof tops / sizeof *tops; ++at) {
    watch_below(tops[at]);
  }
  fclose(open_in(words[1], "ready", "w"));
  for (;;) {
    struct pollfd ready = {queue, POLLIN, 0};
    poll(&ready, 1, 200);
    _Alignas(struct inotify_event) char bytes[65536];
    const ssize_t length = read(queue, bytes, sizeof bytes);
    for (char* at = bytes; length > 0 && at < bytes + length;) {
      const struct inotify_event* event = (const struct inotify_event*)at;
      if (event->wd >= 0 && event->wd < most_watches && watched[event->wd] != NULL) {
        fprintf(events, "%x %s/%s\n", event->mask, watched[event->wd], event->len != 0 ? event->name : "");
        fflush(events);
      }
      at += sizeof *event + event->len;
    }
    FILE* stop = length <= 0 ? open_in(words[1], "stop", "r") : NULL;
    if (stop != NULL) {
      fclose(stop);
      return 0;
    }
  }
}
