// provider_program PATH: what a provider of memory (memkind, UMF) does with a device-dax: learns its size from sysfs,
// maps all of it, hands out pieces to threads, gives pieces back to the kernel, and maps the whole again.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { kThreads = 4, kRounds = 200, kBlock = 64 << 10 };

struct pool {
  char* memory;
  size_t size;
  size_t next; // bytes handed out
  unsigned char* free_blocks[1024];
  unsigned free_count;
  pthread_mutex_t mutex;
};

static unsigned char* take(struct pool* pool) {
  pthread_mutex_lock(&pool->mutex);
  unsigned char* block = NULL;
  if (pool->free_count > 0) {
    block = pool->free_blocks[--pool->free_count];
  } else if (pool->next + kBlock <= pool->size) {
    block = (unsigned char*)pool->memory + pool->next;
    pool->next += kBlock;
  }
  pthread_mutex_unlock(&pool->mutex);
  return block;
}

static void give(struct pool* pool, unsigned char* block) {
  pthread_mutex_lock(&pool->mutex);
  pool->free_blocks[pool->free_count++] = block;
  pthread_mutex_unlock(&pool->mutex);
}

static void* work(void* argument) {
  struct pool* pool = argument;
  const unsigned char mark = (unsigned char)(uintptr_t)&mark;
  uintptr_t wrong = 0;
  for (int round = 0; round < kRounds; ++round) {
    unsigned char* blocks[8];
    for (int i = 0; i < 8; ++i) {
      blocks[i] = take(pool);
      memset(blocks[i], mark + i, kBlock);
    }
    for (int i = 0; i < 8; ++i) {
      for (int at = 0; at < kBlock; at += 4097) {
        wrong += blocks[i][at] != (unsigned char)(mark + i);
      }
      give(pool, blocks[i]);
    }
  }
  return (void*)wrong;
}

static unsigned long long number(const struct stat* about, const char* attribute) {
  char path[96];
  snprintf(path, sizeof path, "/sys/dev/char/%u:%u/%s", major(about->st_rdev), minor(about->st_rdev), attribute);
  FILE* file = fopen(path, "r");
  unsigned long long value = 0;
  if (file == NULL || fscanf(file, "%llu", &value) != 1) {
    perror(path);
    exit(1);
  }
  fclose(file);
  return value;
}

int main(int count, char** words) {
  struct stat about;
  const int fd = count == 2 ? open(words[1], O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0 || fstat(fd, &about) != 0 || !S_ISCHR(about.st_mode)) {
    fprintf(stderr, "provider_program: no device: %s\n", strerror(errno));
    return 1;
  }
  struct pool pool = {.size = number(&about, "size"), .mutex = PTHREAD_MUTEX_INITIALIZER};
  const size_t align = number(&about, "align");
  printf("size %zu align %zu\n", pool.size, align);
  pool.memory = mmap(NULL, pool.size, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);
  if (pool.memory == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  close(fd); // the mapping keeps the device
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    pthread_create(&threads[i], NULL, work, &pool);
  }
  uintptr_t wrong = 0;
  for (int i = 0; i < kThreads; ++i) {
    void* result;
    pthread_join(threads[i], &result);
    wrong += (uintptr_t)result;
  }
  printf("wrong bytes %zu\n", (size_t)wrong);

  // Split: a piece out of the middle goes back, half an extent cannot.
  char* middle = pool.memory + pool.size / align / 2 * align;
  const int halved = munmap(middle, align / 2);
  printf("half an extent: %d %s\n", halved, halved == 0 ? "" : strerrorname_np(errno));
  printf("an extent: %d\n", munmap(middle, align));
  middle[-1] = 'a';
  middle[align] = 'b';
  printf("around it: %c%c\n", middle[-1], middle[align]);
  const int again = open(words[1], O_RDWR);
  char* back = mmap(middle, align, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, again, middle - pool.memory);
  printf("put back: %d\n", back == middle);
  memset(pool.memory, 0x5a, pool.size);
  size_t other = 0;
  for (size_t at = 0; at < pool.size; at += 4096) {
    other += pool.memory[at] != 0x5a;
  }
  printf("other bytes %zu\n", other);
  printf("all away: %d\n", munmap(pool.memory, pool.size));
  return 0;
}
