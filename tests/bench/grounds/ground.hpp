// What the first touch of an extent is measured on: memory that can be mapped, unmapped, and made as if nobody had ever
// touched it. One kind per way of serving the touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace daxemu::bench {

enum class Memory { hugetlb, shmem };

struct Shape {
  Memory memory = Memory::hugetlb;
  std::uint64_t extent = 2ULL << 20; // bytes; on hugetlb 2M
  std::uint64_t extents = 64;

  [[nodiscard]] std::uint64_t bytes() const { return extent * extents; }
};

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

// The kernel serves the touch: the floor.
std::unique_ptr<Ground> native(const Shape& shape);
// The least a userfaultfd handler can be: one thread that polls, reads one event, fallocates and continues (of an
// extent of many pages the page that was touched).
std::unique_ptr<Ground> minimal_loop(const Shape& shape);
// The least an inline engine can be: UFFD_FEATURE_SIGBUS, and a signal handler that fallocates and continues.
std::unique_ptr<Ground> bare_sigbus(const Shape& shape);
// A pager in the style of LLNL's umap: a worker fills a buffer page and copies it in (UFFDIO_COPY), private memory.
std::unique_ptr<Ground> copying_pager(const Shape& shape);
// daxemu's own, by engine: "handler", "inline", "inline_exact" (each first touch a fault) or "populate".
std::unique_ptr<Ground> emulated(const Shape& shape, const std::string& engine);
// One device's pages, the same ones each time: mapped by daxemu (engine handler), or by the kernel alone.
std::unique_ptr<Ground> same_pages(const Shape& shape, bool by_the_kernel);

} // namespace daxemu::bench
