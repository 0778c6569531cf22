/* Memory policies on the node of a device in system-ram mode: what the calls answer, one line each. The device's node
   is shown as D, a node that nobody has as X. The transcript of a kernel's own is expected/policy.txt. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

#define PAGE 4096UL
#define LENGTH (16 * PAGE)
#define WORDS 16
#define BITS (WORDS * 64 + 1)

static int device_node;
static int other_node; /* a number that is no node */

struct mask {
  unsigned long word[WORDS];
};

/* "0D": the machine's first node and the device's. */
static struct mask mask_of(const char* nodes) {
  struct mask mask;
  memset(&mask, 0, sizeof mask);
  for (; *nodes != '\0'; ++nodes) {
    const int node = *nodes == 'D' ? device_node : *nodes == 'X' ? other_node : *nodes - '0';
    mask.word[node / 64] |= 1UL << node % 64;
  }
  return mask;
}

static const char* text_of(const struct mask* mask) {
  static char text[64];
  char* at = text;
  for (int node = 0; node < WORDS * 64; ++node) {
    if ((mask->word[node / 64] >> node % 64 & 1) != 0) {
      *at++ = (char)(node == device_node ? 'D' : node == other_node ? 'X' : node < 10 ? '0' + node : '?');
    }
  }
  *at = '\0';
  return text;
}

static const char* node_text(int node) {
  static char text[32];
  if (node < 0) {
    snprintf(text, sizeof text, "%s", strerrorname_np(-node));
  } else {
    snprintf(text, sizeof text, "%s", node == device_node ? "D" : node == other_node ? "X" : node == 0 ? "0" : "?");
  }
  return text;
}

static void answer(const char* what, long result) {
  printf(" %s=%s", what, result == -1 ? strerrorname_np(errno) : result == 0 ? "ok" : "some");
}

static void get(const char* what, void* address, unsigned long flags) {
  int mode = -1;
  struct mask mask;
  memset(&mask, 0, sizeof mask);
  if (syscall(SYS_get_mempolicy, &mode, mask.word, BITS, address, flags) != 0) {
    printf(" %s=%s", what, strerrorname_np(errno));
  } else {
    printf(" %s=%#x[%s]", what, mode, text_of(&mask));
  }
}

static void node_at(const char* what, void* address) {
  int node = -1;
  const long result = syscall(SYS_get_mempolicy, &node, NULL, 0, address, MPOL_F_NODE | MPOL_F_ADDR);
  printf(" %s=%s", what, result != 0 ? strerrorname_np(errno) : node_text(node));
}

static char* memory(void) {
  return mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long bind_to(void* address, unsigned long length, int mode, const char* nodes, unsigned flags) {
  const struct mask mask = mask_of(nodes);
  return syscall(SYS_mbind, address, length, mode, mask.word, BITS, flags);
}

static long set_task(int mode, const char* nodes) {
  const struct mask mask = mask_of(nodes);
  return syscall(SYS_set_mempolicy, mode, mask.word, BITS);
}

static void* in_thread(void* argument) {
  get("thread", NULL, 0);
  return argument;
}

static void modes(void) {
  static const int all[] = {MPOL_DEFAULT,
                            MPOL_PREFERRED,
                            MPOL_BIND,
                            MPOL_INTERLEAVE,
                            MPOL_LOCAL,
                            MPOL_PREFERRED_MANY,
                            MPOL_BIND | MPOL_F_STATIC_NODES,
                            MPOL_INTERLEAVE | MPOL_F_STATIC_NODES,
                            MPOL_BIND | MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES,
                            99};
  static const char* const nodes[] = {"", "0", "D", "0D", "X", "DX", "0DX"};
  for (size_t mode = 0; mode < sizeof all / sizeof *all; ++mode) {
    for (size_t at = 0; at < sizeof nodes / sizeof *nodes; ++at) {
      char* p = memory();
      printf("mode %#x [%s]:", all[mode], nodes[at]);
      answer("mbind", bind_to(p, LENGTH, all[mode], nodes[at], 0));
      get("is", p, MPOL_F_ADDR);
      const long set = set_task(all[mode], nodes[at]);
      answer("set", set);
      get("is", NULL, 0);
      set_task(MPOL_DEFAULT, "");
      printf("\n");
      munmap(p, LENGTH);
    }
  }
}

static void pages(void) {
  char* p = memory();
  printf("pages bound:");
  answer("mbind", bind_to(p, LENGTH, MPOL_BIND, "D", 0));
  memset(p, 1, LENGTH); /* before that a read finds the page of zeros, which is on no node of the policy */
  node_at("touched", p);
  void* at[2] = {p, p + PAGE};
  int status[2] = {-99, -99};
  answer("query", syscall(SYS_move_pages, 0, 2, at, NULL, status, 0));
  printf(" %s", node_text(status[0]));
  answer("strict", bind_to(p, LENGTH, MPOL_BIND, "D", MPOL_MF_STRICT));
  answer("move", bind_to(p, LENGTH, MPOL_BIND, "D", MPOL_MF_MOVE));
  printf("\n");
  munmap(p, LENGTH);

  p = memory();
  memset(p, 1, LENGTH);
  at[0] = p;
  at[1] = p + PAGE;
  printf("pages moved:");
  node_at("before", p);
  int nodes[2] = {device_node, device_node};
  answer("to-device", syscall(SYS_move_pages, 0, 2, at, nodes, status, MPOL_MF_MOVE));
  printf(" %s", node_text(status[0]));
  nodes[1] = other_node;
  answer("to-none", syscall(SYS_move_pages, 0, 2, at, nodes, status, MPOL_MF_MOVE));
  nodes[0] = nodes[1] = 0;
  answer("back", syscall(SYS_move_pages, 0, 2, at, nodes, status, MPOL_MF_MOVE));
  printf(" %s\n", node_text(status[0]));
  munmap(p, LENGTH);

  printf("migrate:");
  struct mask from = mask_of("0");
  struct mask to = mask_of("D");
  answer("0-to-D", syscall(SYS_migrate_pages, 0, BITS, from.word, to.word) < 0 ? -1 : 0);
  answer("D-to-0", syscall(SYS_migrate_pages, 0, BITS, to.word, from.word) < 0 ? -1 : 0);
  to = mask_of("X");
  answer("0-to-X", syscall(SYS_migrate_pages, 0, BITS, from.word, to.word) < 0 ? -1 : 0);
  printf("\n");
}

static void parts(void) {
  char* p = memory();
  printf("parts:");
  bind_to(p, LENGTH, MPOL_BIND, "D", 0);
  answer("middle", bind_to(p + 4 * PAGE, 4 * PAGE, MPOL_INTERLEAVE, "0D", 0));
  get("a", p, MPOL_F_ADDR);
  get("b", p + 5 * PAGE, MPOL_F_ADDR);
  get("c", p + 9 * PAGE, MPOL_F_ADDR);
  answer("home-D", syscall(SYS_set_mempolicy_home_node, p, 4 * PAGE, device_node, 0));
  answer("home-X", syscall(SYS_set_mempolicy_home_node, p, 4 * PAGE, other_node, 0));
  char* q = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
  get("moved", q, MPOL_F_ADDR);
  printf("\n");
}

static void arguments(void) {
  struct mask mask = mask_of("D");
  struct mask got;
  int mode = 0;
  printf("arguments:");
  answer("allowed", syscall(SYS_get_mempolicy, NULL, memset(&got, 0, sizeof got), BITS, NULL, MPOL_F_MEMS_ALLOWED));
  printf("[%s]", text_of(&got));
  answer("short", syscall(SYS_get_mempolicy, &mode, got.word, 1, NULL, 0));
  answer("two", syscall(SYS_get_mempolicy, &mode, memset(&got, 0, sizeof got), device_node + 2, NULL, 0));
  answer("bad-mask", syscall(SYS_set_mempolicy, MPOL_BIND, 8, BITS));
  answer("bad-into", syscall(SYS_get_mempolicy, 8, NULL, 0, NULL, 0));
  answer("bad-flags", syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 64));
  answer("no-bits", syscall(SYS_set_mempolicy, MPOL_BIND, mask.word, 0));
  answer("few-bits", syscall(SYS_set_mempolicy, MPOL_BIND, mask.word, device_node + 1));
  answer("enough", syscall(SYS_set_mempolicy, MPOL_BIND, mask.word, device_node + 2));
  set_task(MPOL_DEFAULT, "");
  answer("unmapped", bind_to((void*)PAGE, PAGE, MPOL_BIND, "D", 0));
  answer("odd", bind_to((void*)(PAGE + 1), PAGE, MPOL_BIND, "D", 0));
  printf("\n");
}

int main(int argc, char** argv) {
  if (argc == 4) { /* what a program finds that was started under a policy */
    device_node = atoi(argv[2]);
    other_node = atoi(argv[3]);
    get(argv[1], NULL, 0);
    printf("\n");
    return 0;
  }
  if (argc != 2) {
    return 1;
  }
  device_node = atoi(argv[1]);
  other_node = device_node + 3;
  modes();
  pages();
  parts();
  arguments();

  printf("inherited:");
  set_task(MPOL_BIND, "D");
  pthread_t thread;
  pthread_create(&thread, NULL, in_thread, NULL);
  pthread_join(thread, NULL);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    get("child", NULL, 0);
    fflush(stdout);
    char device[16];
    char other[16];
    snprintf(device, sizeof device, "%d", device_node);
    snprintf(other, sizeof other, "%d", other_node);
    execl("/proc/self/exe", argv[0], "program", device, other, NULL);
    _exit(9);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
