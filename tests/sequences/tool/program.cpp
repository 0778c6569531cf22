#include "tests/sequences/tool/program.hpp"

#include <algorithm>
#include <cctype>

#include "tests/sequences/memory/memory_words.hpp"

namespace sequences {
namespace {

constexpr const char* kHead = R"(#define _GNU_SOURCE
// cc -o sequence sequence.c && ./sequence /dev/dax0.0 $((2 << 20)) SIZE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int s0 = -1, s1 = -1, s2 = -1, s3 = -1, s4 = -1, s5 = -1, s6 = -1, s7 = -1;
static unsigned long A, H, S;
static const unsigned long P = 4096, B = 1;
static char *base = (char *)(1UL << 40);
static sigjmp_buf back;
static void caught(int signal, siginfo_t *info, void *context) {
  printf("%s code %d\n", strsignal(signal), info->si_code);
  siglongjmp(back, 1);
}
static void say(const char *call, long result) {
  printf("%-60s ", call);
  if (result == -1)
    printf("%s\n", strerror(errno));
  else
    printf("%#lx\n", result);
}
static void maps(void) {
  char line[512];
  FILE *file = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, file))
    if (strtoul(line, 0, 16) >= (unsigned long)base && strtoul(line, 0, 16) < (unsigned long)base + 16 * A + (1 << 20))
      printf("  %s", line);
  fclose(file);
}
static void core(const char *at) {
  unsigned char in = 0;
  if (mincore((void *)at, P, &in) == 0)
    printf("  core %#lx %d\n", at - base, in & 1);
}
#define TOUCH(call, action) do { printf("%-60s ", call); if (!sigsetjmp(back, 1)) { action; } } while (0)

int main(int argc, char **argv) {
  A = argc > 2 ? strtoul(argv[2], 0, 0) : 2UL << 20;
  S = argc > 3 ? strtoul(argv[3], 0, 0) : 64UL << 20;
  H = A / 2 < P ? P : A / 2;
  const char *path = argc > 1 ? argv[1] : "/dev/dax0.0";
  setvbuf(stdout, 0, _IOLBF, 0);
  struct sigaction mine = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &mine, 0);
  sigaction(SIGSEGV, &mine, 0);
  mmap(base - P, P, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  int dev = open(path, O_RDWR), dev2 = open(path, O_RDWR), dev_ro = open(path, O_RDONLY), dev_wo = open(path, O_WRONLY);
  int file = open("/dev/shm", O_TMPFILE | O_RDWR, 0600), source = memfd_create("source", 0), sink = memfd_create("sink", 0);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  int file_ro = open(name, O_RDONLY), none = -1, ends[2];
  static char bytes[64 * 4096];
  memset(bytes, 7, sizeof bytes);
  struct iovec here = {bytes, 0}, there = {0, 0};
  (void)dev2, (void)dev_ro, (void)dev_wo, (void)file_ro, (void)none, (void)ends, (void)here, (void)there;
  if (ftruncate(file, 8 * A) || pwrite(source, bytes, sizeof bytes, 0) < 0)
    return 1;
)";

} // namespace

std::string c_expression(const std::string& size) {
  std::string text;
  for (std::size_t at = 0; at < size.size(); ++at) {
    const bool unit = std::isalpha(static_cast<unsigned char>(size[at])) != 0;
    const bool counted = at > 0 && std::isdigit(static_cast<unsigned char>(size[at - 1])) != 0;
    text += unit && counted ? "*" : "";
    text += size[at];
  }
  return text;
}

namespace {

std::string expression(const std::string& size) {
  return c_expression(size);
}

std::string place(const std::string& size) {
  return "base + " + expression(size);
}

std::string number(int value) {
  return std::to_string(value);
}

std::string identifier(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name.empty() ? "none" : name;
}

// The call in C, as a value that is -1 for an error; empty for what is no such call.
std::string value(const Call& call) {
  const std::string at = place(call.word(0));
  const std::string length = expression(call.word(1));
  const std::string range = at + ", " + length;
  if (call.name == "map") {
    return "(long)mmap(" + range + ", " + number(prot_of(call.word(2))) + ", " + number(map_flags_of(call.word(3))) +
           ", " + identifier(call.word(4)) + ", " + expression(call.word(5)) + ")";
  }
  if (call.name == "unmap") {
    return "munmap(" + range + ")";
  }
  if (call.name == "protect") {
    return "mprotect(" + range + ", " + number(prot_of(call.word(2))) + ")";
  }
  if (call.name == "advise") {
    return "madvise(" + range + ", " + number(advice_of(call.word(2))) + ")";
  }
  if (call.name == "remap") {
    return "(long)mremap(" + range + ", " + expression(call.word(2)) + ", " + number(remap_flags_of(call.word(3))) +
           ", " + place(call.word(4)) + ")";
  }
  if (call.name == "lock") {
    return "mlock(" + range + ")";
  }
  if (call.name == "lock-onfault") {
    return "mlock2(" + range + ", MLOCK_ONFAULT)";
  }
  if (call.name == "unlock") {
    return "munlock(" + range + ")";
  }
  if (call.name == "sync") {
    return "msync(" + range + ", " + number(sync_flags_of(call.word(2))) + ")";
  }
  if (call.name == "remap-pages") {
    return "remap_file_pages(" + range + ", " + number(prot_of(call.word(2))) + ", (" + expression(call.word(3)) +
           ") / P, 0)";
  }
  if (call.name == "read") {
    return "pread(source, " + range + ", 0)";
  }
  if (call.name == "write") {
    return "pwrite(sink, " + range + ", 0)";
  }
  const std::string vectors = "(here.iov_len = there.iov_len = " + length + ", there.iov_base = " + at + ", ";
  if (call.name == "vm-read" || call.name == "vm-write") {
    return vectors + "process_vm_" + (call.name == "vm-read" ? "readv" : "writev") +
           "(getpid(), &here, 1, &there, 1, 0))";
  }
  if (call.name == "vmsplice") {
    return vectors + "pipe(ends), vmsplice(ends[1], &there, 1, SPLICE_F_NONBLOCK))";
  }
  if (call.name == "futex") {
    return "syscall(SYS_futex, " + at + ", FUTEX_WAKE, 1, 0, 0, 0)";
  }
  return descriptor_value(call);
}

std::string touches(const Call& call) {
  const std::string at = place(call.word(0));
  const std::string said = "\"" + call.text() + "\", ";
  if (call.name == "load") {
    return "TOUCH(" + said + "printf(\"%d\\n\", *(volatile unsigned char *)(" + at + ")));";
  }
  if (call.name == "store") {
    return "TOUCH(" + said + "*(volatile char *)(" + at + ") = " + call.word(1) + "; puts(\"ok\"));";
  }
  if (call.name == "fork") {
    std::string text = "if (fork() == 0) {";
    for (const std::string& word : call.words) {
      text += " TOUCH(\"in the child: load " + word + "\", printf(\"%d\\n\", *(volatile unsigned char *)(" +
              place(word) + ")));";
    }
    return text + " maps(); _exit(0); }\n  wait(0);";
  }
  if (call.name == "maps") {
    return "puts(\"maps\"); maps();";
  }
  if (call.name == "core") {
    return "for (char *at = base; at < base + 8 * A; at += H) core(at);";
  }
  if (call.name == "bytes") {
    return "for (char *at = base; at < base + 8 * A; at += H) TOUCH(\"byte\", printf(\"%#lx: %d\\n\", at - base, "
           "*(volatile "
           "unsigned char *)at));";
  }
  return "// not in C: daxemu-sequences --script plays it";
}

} // namespace

std::string program_of(const Sequence& sequence) {
  std::string text = "// Sequence " + sequence.name + "; the kernel's answers are behind each call.\n";
  text += kHead;
  for (const Call& call : sequence.calls) {
    text += "  // " + call.text() + (call.outcome.empty() ? "" : " => " + call.outcome) + "\n  ";
    const std::string plain = value(call);
    text += plain.empty() ? touches(call) : "say(\"" + call.text() + "\", " + plain + ");";
    text += "\n";
  }
  return text + "  return 0;\n}\n";
}

} // namespace sequences
