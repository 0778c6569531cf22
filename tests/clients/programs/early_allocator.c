/* An allocator that sets itself up on its first call, under a lock, by asking the system (as jemalloc does), and is
   first called by a library's constructor: before the preload library's. Whoever allocates meanwhile is caught. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROOM = 64 << 20, HEADER = 16 };
static char* room;
static atomic_size_t used;
static atomic_int setting_up;

static void ask_the_system(void) {
  char text[64];
  struct stat about;
  (void)!readlink("/etc/no-such-allocator.conf", text, sizeof text);
  (void)stat("/sys/kernel/mm/transparent_hugepage/enabled", &about);
  int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
  (void)!read(fd, text, sizeof text);
  close(fd);
  fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
  (void)!syscall(SYS_read, fd, text, sizeof text);
  syscall(SYS_close, fd);
}

void* malloc(size_t size) {
  if (room == NULL) {
    if (atomic_exchange(&setting_up, 1) != 0) {
      static const char words[] = "early_allocator: malloc was called while malloc was setting itself up\n";
      (void)!write(2, words, sizeof words - 1);
      _exit(3);
    }
    ask_the_system();
    room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    madvise(room, ROOM, MADV_NOHUGEPAGE);
  }
  const size_t whole = (size + 15) / 16 * 16 + HEADER;
  const size_t at = atomic_fetch_add(&used, whole);
  if (at + whole > ROOM) {
    return NULL;
  }
  memcpy(room + at, &size, sizeof size);
  return room + at + HEADER;
}
void free(void* memory) {
  (void)memory;
}
void* calloc(size_t count, size_t size) {
  return malloc(count * size); /* fresh pages are zero */
}
void* realloc(void* memory, size_t size) {
  void* larger = malloc(size);
  if (larger != NULL && memory != NULL) {
    size_t old;
    memcpy(&old, (char*)memory - HEADER, sizeof old);
    memcpy(larger, memory, old < size ? old : size);
  }
  return larger;
}
void* aligned_alloc(size_t alignment, size_t size) {
  char* memory = malloc(size + alignment);
  if (memory != NULL) {
    memory += (alignment - (size_t)memory % alignment) % alignment;
    memcpy(memory - HEADER, &size, sizeof size);
  }
  return memory;
}

__attribute__((constructor)) static void first(void) {
  free(malloc(1));
}
