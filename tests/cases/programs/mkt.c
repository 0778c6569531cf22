/* memkind's kinds of system-ram devices allocate. */
#define _GNU_SOURCE
#include <memkind.h>
#include <stdio.h>
#include <string.h>
int main(void) {
  memkind_t k[] = {MEMKIND_DAX_KMEM, MEMKIND_DAX_KMEM_ALL, MEMKIND_DAX_KMEM_PREFERRED};
  const char* n[] = {"KMEM", "ALL", "PREFERRED"};
  for (int i = 0; i < 3; i++) {
    char e[256];
    int a = memkind_check_available(k[i]);
    memkind_error_message(a, e, 256);
    char* p = memkind_malloc(k[i], 1 << 20);
    printf("%s avail %d (%s) malloc %s\n", n[i], a, a ? e : "ok", p ? "ok" : "NULL");
    if (p) {
      memset(p, 1, 1 << 20);
      memkind_free(k[i], p);
    }
  }
}
