// What a sequence plays with: the device, some files, and a stretch of addresses at the same place in every process.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/conformance/ask/device.hpp"
#include "tests/sequences/script.hpp"
#include "tests/sequences/units.hpp"

namespace sequences {

// Addresses that neither kernel nor C library takes by itself. A page below the arena is always mapped: whether
// anything lies below decides how the kernel merges.
constexpr std::uint64_t kArena = 1ULL << 40U;

// A child that makes calls it is told.
struct Helper {
  int process = 0; // 0: none
  int socket = -1;
};

constexpr std::size_t kPipes = 3;
constexpr std::size_t kSlots = 8; // of descriptors that sequences open themselves

struct Stage {
  const conformance::Device* device = nullptr;
  Units units;

  // Descriptors by name; -1 where there is none.
  int dev = -1;     // the device, for reading and writing
  int dev2 = -1;    // opened once more
  int dev_ro = -1;  // for reading
  int dev_wo = -1;  // for writing
  int file = -1;    // in shared memory, 8 extents long (at most 64M of them written)
  int file_ro = -1; // the same for reading
  int source = -1;  // 64 pages of pattern, for read(2)
  int sink = -1;    // for write(2)
  unsigned written = 0;
  std::array<int, kSlots> slots; // "s0" to "s7"; -1: nothing in it
  int sockets[2] = {-1, -1};     // to pass descriptors through
  std::array<Helper, 3> helpers;
  std::array<std::array<int, 2>, kPipes> pipes; // that hold pages; -1: not made

  // Where "s3" lies; nullptr: no slot.
  [[nodiscard]] int* slot(const std::string& name);
  [[nodiscard]] int descriptor(const std::string& name) const;
  [[nodiscard]] char* at(const std::string& place) const {
    return reinterpret_cast<char*>(kArena + units.bytes(place));
  }
  [[nodiscard]] std::uint64_t arena_end() const;
  [[nodiscard]] bool in_arena(const void* address) const;
  [[nodiscard]] std::string place(const void* address) const;
};

constexpr std::uint64_t kArenaExtents = 8;    // what sequences aim at
constexpr std::uint64_t kWatchedExtents = 16; // what maps shows

// Makes the device's bytes zero wherever a sequence can reach, and puts back what the calls `before` may have changed
// for all: what failed there is forgotten, the buses have the device as at the start. `next` are those to come. In a
// process of its own, before the sequence's.
void clean(const conformance::Device& device, const std::vector<Call>& before, const std::vector<Call>& next);
// The file that read(2) reads, the same for all sequences, for none writes it: made once, under a number that sequences
// do not come to. A message where that fails.
constexpr int kSourceAt = 900;
std::string make_source();
// Opens everything, but the device only with `opens`. In the sequence's process. A message where that fails.
std::string prepare(Stage& stage, const conformance::Device& device, bool opens);
// What `say` writes to a descriptor in a child of fork(2), and how the child ended if not well.
std::string from_child(const std::function<void(int out)>& say);

} // namespace sequences
