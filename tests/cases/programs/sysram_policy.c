/* Memory policy on the node that a device in system-ram mode has become. */
#define _GNU_SOURCE
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
int main(void) {
  unsigned long m = 2;
  char* p = mmap(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int r = mbind(p, 1 << 20, MPOL_BIND, &m, 64, 0);
  printf("mbind BIND node1: %d %s\n", r, r ? strerror(errno) : "");
  if (!r)
    memset(p, 1, 1 << 20);
  r = mbind(p, 1 << 20, MPOL_PREFERRED, &m, 64, 0);
  printf("mbind PREFERRED node1: %d %s\n", r, r ? strerror(errno) : "");
  r = set_mempolicy(MPOL_BIND, &m, 64);
  printf("set_mempolicy: %d %s\n", r, r ? strerror(errno) : "");
  if (!r)
    set_mempolicy(MPOL_DEFAULT, 0, 0);
  unsigned long a = 0;
  r = get_mempolicy(0, &a, 64, 0, MPOL_F_MEMS_ALLOWED);
  printf("mems allowed: %d %#lx\n", r, a);
  printf("numa_max_node %d, num_configured %d, distance(0,1) %d, node_size(1) %lld\n", numa_max_node(),
         numa_num_configured_nodes(), numa_distance(0, 1), numa_node_size64(1, 0));
  char l[256];
  FILE* f = fopen("/proc/self/status", "r");
  while (fgets(l, 256, f))
    if (strstr(l, "Mems_allowed"))
      fputs(l, stdout);
  f = fopen("/proc/meminfo", "r");
  fgets(l, 256, f);
  fputs(l, stdout);
  void* q = numa_alloc_onnode(4096, 1);
  printf("numa_alloc_onnode(1): %s\n", q ? "ok" : "NULL");
  if (q)
    *(char*)q = 1;
  struct bitmask* b = numa_parse_nodestring("1");
  printf("numa_parse_nodestring(1): %s\n", b ? "ok" : "NULL");
}
