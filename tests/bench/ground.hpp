// What the first touch of an extent is measured on: memory of 2M extents that can be mapped, unmapped, and made as if
// nobody had ever touched it. One kind per way of serving the touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace daxemu::bench {

inline constexpr std::uint64_t kExtent = 2ULL << 20;
inline constexpr std::uint64_t kExtents = 64;
inline constexpr std::uint64_t kBytes = kExtent * kExtents;

class Ground {
public:
  Ground() = default;
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;
  virtual ~Ground() = default;
  // Maps all of it; no extent is present in the mapping. nullptr: this machine cannot (say why in `problem`).
  [[nodiscard]] virtual char* map() = 0;
  virtual void unmap(char* base) = 0;
  // Gives the pages back: the next touch gets fresh ones, to be zeroed.
  virtual void freshen() = 0;

  std::string problem;
};

enum class Memory { hugetlb, shmem };

// The kernel serves the touch: the floor.
std::unique_ptr<Ground> native(Memory memory);
// The least a userfaultfd handler can be: one thread that polls, reads one event, fallocates and continues.
std::unique_ptr<Ground> minimal_loop(Memory memory);
// A pager in the style of LLNL's umap: a worker fills a buffer page and copies it in (UFFDIO_COPY), private memory.
std::unique_ptr<Ground> copying_pager();
// daxemu's own, by engine: "handler", "inline" or "populate".
std::unique_ptr<Ground> emulated(Memory memory, const std::string& engine);

} // namespace daxemu::bench
