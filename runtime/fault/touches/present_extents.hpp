// Which extents of a mapping have an entry in this process's page table, kept while the mapping is made anew or moved:
// the kernel moves the entries, we have to fault them in again. As many as fit; mincore(2) alone can tell.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/fault/mappings/vma.hpp"
#include "runtime/fault/touches/fault_server.hpp"

namespace daxemu::fault {

class PresentExtents {
public:
  [[nodiscard]] static bool has(const Vma& vma, std::uint64_t address);
  // Those of `vma` that lie in [from, to) as a whole.
  void note(const Vma& vma, std::uint64_t from, std::uint64_t to);
  [[nodiscard]] bool any() const { return count_ != 0; }
  // Makes them present where they are now, in `vma`: what was at the start of the range noted is at `start`.
  void bring_back(FaultServer& server, const Vma& vma, std::uint64_t start) const;

private:
  static constexpr std::size_t kMost = 256;
  std::array<std::uint32_t, kMost> extent_; // behind the start of the range
  std::size_t count_ = 0;
  std::uint64_t unit_ = 0;
};

} // namespace daxemu::fault
