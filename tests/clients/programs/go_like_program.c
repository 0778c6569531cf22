// Like a program of Go that cgo has made dynamic: the note of its linker, and a system call of its own.
#include <sys/syscall.h>

__attribute__((section(".note.go.buildid"), aligned(4), used)) static const struct {
  unsigned name_size;
  unsigned size;
  unsigned type;
  char name[4];
  char id[8];
} note = {4, 8, 4, "Go\0", "likeone"};

int main(void) {
  long result = -1;
#if defined(__x86_64__)
  __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_open), "D"("/dev/dax0.0"), "S"(2) : "rcx", "r11", "memory");
#endif
  return result < 0;
}
