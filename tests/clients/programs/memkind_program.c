/* Allocates from memkind's kinds on devices in system-ram mode, and says what it got. */
#include <memkind.h>
#include <stdio.h>
#include <string.h>

#define SIZE 1048576UL

int main(void) {
  const struct {
    const char* name;
    memkind_t kind;
  } kinds[] = {{"DAX_KMEM", MEMKIND_DAX_KMEM},
               {"DAX_KMEM_ALL", MEMKIND_DAX_KMEM_ALL},
               {"DAX_KMEM_PREFERRED", MEMKIND_DAX_KMEM_PREFERRED}};
  for (unsigned long at = 0; at < sizeof kinds / sizeof *kinds; ++at) {
    const int available = memkind_check_available(kinds[at].kind);
    char* memory = available == 0 ? memkind_malloc(kinds[at].kind, SIZE) : NULL;
    if (memory == NULL) {
      printf("%s: none (%d)\n", kinds[at].name, available);
      continue;
    }
    memset(memory, 1, SIZE);
    printf("%s: %lu bytes\n", kinds[at].name, memkind_malloc_usable_size(kinds[at].kind, memory));
    memkind_free(kinds[at].kind, memory);
  }
  return 0;
}
