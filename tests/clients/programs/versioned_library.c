/* A library with functions that are named as some of the C library's, but are of a version of its own
   (versioned_library.map): nobody who wants the C library's is ever given these by the loader. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static void complain(const char* name) {
  static const char words[] = " of another library was called\n";
  size_t length = 0;
  while (name[length] != '\0') {
    ++length;
  }
  (void)!write(1, name, length);
  (void)!write(1, words, sizeof words - 1);
  _exit(3);
}

char* getenv(const char* name) { // NOLINT: its parameter is the C library's
  (void)name;
  complain("getenv");
  return NULL;
}

void* memchr(const void* memory, int byte, size_t size) {
  (void)memory;
  (void)byte;
  (void)size;
  complain("memchr");
  return NULL;
}

int strncmp(const char* one, const char* other, size_t size) {
  (void)one;
  (void)other;
  (void)size;
  complain("strncmp");
  return 0;
}
