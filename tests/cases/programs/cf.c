/* How much of the extent at an address is in a core file. */
#define _GNU_SOURCE
#include <elf.h>
#include <stdio.h>
int main(int c, char** v) {
  FILE* f = fopen(v[1], "r");
  if (!f) {
    puts("none");
    return 1;
  }
  unsigned long want;
  sscanf(v[2], "%lx", &want);
  Elf64_Ehdr h;
  fread(&h, 64, 1, f);
  for (int i = 0; i < h.e_phnum; i++) {
    Elf64_Phdr p;
    fseek(f, h.e_phoff + i * 56, 0);
    fread(&p, 56, 1, f);
    if (p.p_vaddr <= want && want < p.p_vaddr + p.p_memsz)
      printf("filesz=%lu memsz=%lu\n", p.p_filesz, p.p_memsz);
  }
}
