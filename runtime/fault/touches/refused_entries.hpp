// Extents of 1G in whose place a refused touch has left a page table: it goes along when a mapping moves
// (move_normal_pud()), and nothing of 1G can be faulted in where it is.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

#include "runtime/fault/mappings/vma.hpp"
#include "runtime/fault/touches/filler.hpp"

namespace daxemu::fault {

class RefusedEntries {
public:
  // Those of `vma` that lie in [from, to), which is to move to `target`; none where that is not by whole extents, or
  // where it is for the mapping's ends that touches are refused (check_vma() comes before any page table).
  void note(const Filler& filler, const Vma& vma, std::uint64_t from, std::uint64_t to, std::uint64_t target);
  [[nodiscard]] bool any() const { return entries_.any(); }
  // The same at `start`, in `vma`.
  void bring_back(const Filler& filler, const Vma& vma, std::uint64_t start) const;

private:
  static constexpr std::size_t kMost = 1024; // as many are looked at
  std::bitset<kMost> entries_;
};

} // namespace daxemu::fault
