// What the machine's pools of huge pages can hold right now.
#pragma once

#include <cstdint>
#include <vector>

namespace daxemu::backing {

struct HugetlbPool {
  std::uint64_t page_size = 0;  // bytes
  std::uint64_t total = 0;      // pages in the pool (nr_hugepages)
  std::uint64_t free = 0;       // not in use (free_hugepages)
  std::uint64_t reserved = 0;   // of the free ones, promised to a mapping (resv_hugepages)
  std::uint64_t overcommit = 0; // pages the pool may still grow by on demand (nr_overcommit - surplus)

  // Pages a new reservation can have.
  [[nodiscard]] std::uint64_t available() const { return (free > reserved ? free - reserved : 0) + overcommit; }
};

// Every pool size the kernel has, smallest first; empty where the kernel has no hugetlb.
// `root` is /sys/kernel/mm/hugepages, or a test's copy of it.
[[nodiscard]] std::vector<HugetlbPool> hugetlb_pools(const char* root = "/sys/kernel/mm/hugepages");

// The pool of `page_size` bytes; all zero counts where there is none.
[[nodiscard]] HugetlbPool hugetlb_pool(std::uint64_t page_size, const char* root = "/sys/kernel/mm/hugepages");

} // namespace daxemu::backing
