// How cost grows with what there is of something: the sizes of a device, devices, mappings, processes. Each series is a
// group of its own, so that small and large take turns; a series is called growth/WHAT/N. Memory is sparse.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "runtime/cli/platforms/platform_builder.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "tests/bench/frame/pairs.hpp"

namespace daxemu::bench {

inline constexpr std::uint64_t kExtent = 2ULL << 20;
inline constexpr int kRw = PROT_READ | PROT_WRITE;

void add_sizes(Pairs& pairs);
void add_devices(Pairs& pairs);
void add_mappings(Pairs& pairs);
void add_processes(Pairs& pairs);

// The twins of add_devices.
int be_device_twin(std::size_t devices);

inline cli::BuiltPlatform platform_of(std::uint64_t size, backing::FileSource& files) {
  cli::PlatformOptions options;
  options.size = size;
  options.backing = store::BackingKind::shmem;
  options.engine = store::EngineKind::handler;
  return std::move(*cli::build_platform(options, "bench", files));
}

// Kept to the end of the process: the threads of address spaces use it.
inline cli::BuiltPlatform& kept_platform(std::uint64_t size) {
  static backing::MemfdSource files;
  return *new cli::BuiltPlatform(platform_of(size, files));
}

// A memory file for the kernel alone; -1: there can be none.
inline int sparse_file(std::uint64_t size) {
  const int file = ::memfd_create("bench-native", MFD_CLOEXEC);
  return file >= 0 && ::ftruncate(file, static_cast<off_t>(size)) == 0 ? file : -1;
}

inline double us_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

// Of a turn whose time is negative.
inline Turn turn_of(double time, const std::string& why) {
  return time < 0 ? Turn{0, {}, why} : Turn{time, {}, ""};
}

} // namespace daxemu::bench
