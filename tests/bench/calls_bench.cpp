// Calls on descriptors and memory that have nothing to do with a device. Run once plain and once under daxemu: the
// difference is what interposition costs a program.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

void open_close(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    ::close(::open("/dev/null", O_RDONLY));
  }
}
void stat_path(benchmark::State& state) {
  struct stat st {};
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(::stat("/usr/bin/env", &st));
  }
}
void fstat_descriptor(benchmark::State& state) {
  const int fd = ::open("/dev/zero", O_RDONLY);
  struct stat st {};
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(::fstat(fd, &st));
  }
  ::close(fd);
}
void read_descriptor(benchmark::State& state) {
  const int fd = ::open("/dev/zero", O_RDONLY);
  char byte = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(::read(fd, &byte, 1));
  }
  ::close(fd);
}
void write_descriptor(benchmark::State& state) {
  const int fd = ::open("/dev/null", O_WRONLY);
  const char byte = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(::write(fd, &byte, 1));
  }
  ::close(fd);
}
void map_unmap(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    void* base = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::munmap(base, 4096);
  }
}

// As a library is mapped; the file is no device.
void map_unmap_file(benchmark::State& state) {
  const int fd = ::open("/proc/self/exe", O_RDONLY);
  for ([[maybe_unused]] auto _ : state) {
    void* base = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    ::munmap(base, 4096);
  }
  ::close(fd);
}

BENCHMARK(open_close);
BENCHMARK(stat_path);
BENCHMARK(fstat_descriptor);
BENCHMARK(read_descriptor);
BENCHMARK(write_descriptor);
BENCHMARK(map_unmap);
BENCHMARK(map_unmap_file);

} // namespace

BENCHMARK_MAIN();
