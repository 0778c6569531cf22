// poke TRANSCRIPT: does the writes to sysfs files that a transcript tells of, in its order, and prints the transcript
// of what happened now. Both are the same when the machine answers as the recorded one did. A line of a transcript:
//   PATH write "VALUE": RESULT[  then reads "VALUE"]
// RESULT: `open: ERRNO`, `ERRNO` of write(2), or `N of M` bytes taken. Values are escaped as in C; `@0x1000` in one is
// the address 0x1000 bytes behind the start of the region of dax0.0, `%7*12` twelve sevens. UUID is the one that a pmem
// region began with. Other lines pass.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char value[2 << 20];
static unsigned long long region_start;
static char first_uuid[64]; // of a pmem region's namespace, which is of its own making

static void find_region(void) {
  char text[32] = "";
  const int fd = open("/sys/bus/dax/devices/dax0.0/resource", O_RDONLY);
  if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) {
    return; // a bus without a region: no line asks for its address
  }
  close(fd);
  const int uuid = open("/sys/bus/nd/devices/dax0.0/uuid", O_RDONLY);
  if (uuid >= 0) {
    (void)!read(uuid, first_uuid, 36);
    close(uuid);
  }
  region_start = strtoull(text, NULL, 16);
}

// Expands what stands between the quotes from `from`; returns the bytes, and where the closing quote was.
static size_t expand(const char* from, const char** end) {
  size_t size = 0;
  while (*from != '"') {
    if (strncmp(from, "\\n", 2) == 0) {
      value[size++] = '\n';
      from += 2;
    } else if (strncmp(from, "\\x", 2) == 0) {
      const char digits[3] = {from[2], from[3], 0};
      value[size++] = (char)strtoul(digits, NULL, 16);
      from += 4;
    } else if (*from == '@') {
      char* rest;
      size += (size_t)sprintf(value + size, "%llx", region_start + strtoull(from + 1, &rest, 16));
      from = rest;
    } else if (*from == '%') { // a run of one character
      char* rest;
      const size_t count = strtoul(from + 3, &rest, 10);
      memset(value + size, from[1], count);
      size += count;
      from = rest;
    } else {
      value[size++] = *from++;
    }
  }
  *end = from;
  return size;
}

static void show(const char* text, size_t size) {
  putchar('"');
  for (size_t i = 0; i < size; ++i) {
    const unsigned char letter = (unsigned char)text[i];
    if (letter == '\n') {
      fputs("\\n", stdout);
    } else if (first_uuid[0] != 0 && size - i >= 36 && strncmp(text + i, first_uuid, 36) == 0) {
      fputs("UUID", stdout);
      i += 35;
    } else if (size - i > 6 && strncmp(text + i, "MAJOR=", 6) == 0) { // which one is free differs
      fputs("MAJOR=N", stdout);
      i += strcspn(text + i, "\n") - 1;
    } else if (letter < 32 || letter > 126 || letter == '\\' || letter == '"') {
      printf("\\x%02x", letter);
    } else {
      putchar(letter);
    }
  }
  putchar('"');
}

static void show_file(int fd) {
  static char text[8192];
  const ssize_t length = read(fd, text, sizeof text - 1);
  if (length < 0) {
    printf("%s", strerrorname_np(errno));
  } else {
    text[length] = 0;
    show(text, (size_t)length);
  }
  close(fd);
}

static void poke(const char* path, size_t size) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) {
    printf("open: %s\n", strerrorname_np(errno));
    return;
  }
  const ssize_t written = write(fd, value, size);
  const int error = errno;
  close(fd);
  if (written < 0) {
    printf("%s", strerrorname_np(error));
  } else {
    printf("%zd of %zu", written, size);
  }
  fd = open(path, O_RDONLY);
  if (fd >= 0) {
    printf("  then reads ");
    show_file(fd);
  }
  putchar('\n');
}

static void peek(const char* path) {
  const int fd = open(path, O_RDONLY);
  printf("%s reads ", path);
  if (fd < 0) {
    printf("open: %s", strerrorname_np(errno));
  } else {
    show_file(fd);
  }
  putchar('\n');
}

static void run(const char* line) {
  fputs(line, stdout);
  fflush(stdout);
  FILE* said = popen(line + 2, "r");
  char text[8192];
  while (said != NULL && fgets(text, sizeof text, said) != NULL) {
    printf("| %s", text);
  }
  if (said != NULL) {
    pclose(said);
  }
}

int main(int count, char** words) {
  FILE* transcript = count == 2 ? fopen(words[1], "r") : NULL;
  if (transcript == NULL) {
    fprintf(stderr, "usage: poke TRANSCRIPT\n");
    return 2;
  }
  find_region();
  char* line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, transcript) > 0) {
    char* write_word = strstr(line, " write \"");
    const char* end;
    char* read_word = strstr(line, " reads ");
    if (strncmp(line, "$ ", 2) == 0) {
      run(line);
      continue;
    }
    if (strncmp(line, "| ", 2) == 0) {
      continue; // what a command said when this was recorded
    }
    if (write_word == NULL && read_word != NULL) {
      *read_word = 0;
      peek(line);
      continue;
    }
    if (write_word == NULL) {
      fputs(line, stdout);
      continue;
    }
    const size_t size = expand(write_word + 8, &end);
    printf("%.*s: ", (int)(end + 1 - line), line);
    *write_word = 0;
    poke(line, size);
  }
  return 0;
}
