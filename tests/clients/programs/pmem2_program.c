// pmem2_program PATH: what libpmem2 learns of a device-dax and does with it; one line per question.
#include <errno.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char* answer(int code) {
  return code == 0 ? "ok" : pmem2_errormsg();
}

int main(int count, char** words) {
  const int fd = count == 2 ? open(words[1], O_RDWR) : -1;
  if (fd < 0) {
    perror("pmem2_program");
    return 2;
  }
  struct pmem2_source* source;
  struct pmem2_config* config;
  if (pmem2_source_from_fd(&source, fd) != 0 || pmem2_config_new(&config) != 0) {
    pmem2_perror("pmem2_program");
    return 1;
  }
  size_t size = 0;
  size_t alignment = 0;
  printf("size: %s", answer(pmem2_source_size(source, &size)));
  printf(" %zu\n", size);
  printf("alignment: %s", answer(pmem2_source_alignment(source, &alignment)));
  printf(" %zu\n", alignment);

  pmem2_config_set_required_store_granularity(config, PMEM2_GRANULARITY_PAGE);
  struct pmem2_map* map = NULL;
  pmem2_config_set_length(config, 4096);
  printf("a page: %s\n", answer(pmem2_map_new(&map, config, source)));
  pmem2_config_set_length(config, 2 * alignment);
  pmem2_config_set_offset(config, 4096);
  printf("from a page on: %s\n", answer(pmem2_map_new(&map, config, source)));
  pmem2_config_set_offset(config, 0);
  pmem2_config_set_length(config, 0);
  printf("all: %s\n", answer(pmem2_map_new(&map, config, source)));
  if (map == NULL) {
    return 1;
  }
  char* memory = pmem2_map_get_address(map);
  printf("mapped: %d, aligned: %d\n", pmem2_map_get_size(map) == size, (size_t)memory % alignment == 0);
  printf("granularity: %d\n", (int)pmem2_map_get_store_granularity(map));
  pmem2_get_memcpy_fn(map)(memory + alignment, "persistent", 11, 0);
  pmem2_get_persist_fn(map)(memory + alignment, 11);
  printf("deep flush: %s\n", answer(pmem2_deep_flush(map, memory + alignment, 11)));
  printf("read back: %s\n", memory + alignment);

  struct pmem2_badblock_context* blocks;
  const int opened = pmem2_badblock_context_new(&blocks, source);
  printf("bad blocks: %s\n", answer(opened));
  if (opened == 0) {
    struct pmem2_badblock block;
    int code;
    while ((code = pmem2_badblock_next(blocks, &block)) == 0) {
      printf("bad block: %zu bytes at %zu\n", block.length, block.offset);
    }
    printf("no more: %d\n", code == PMEM2_E_NO_BAD_BLOCK_FOUND);
    pmem2_badblock_context_delete(&blocks);
  }
  unsigned long long cycles = 0;
  printf("unsafe shutdowns: %s\n", answer(pmem2_source_device_usc(source, (uint64_t*)&cycles)));
  printf("unmap: %s\n", answer(pmem2_map_delete(&map)));
  return 0;
}
