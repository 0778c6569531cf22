// Makes one extent of a mapping present: the work of dev_dax_huge_fault, on a memory file. Takes no lock and allocates
// nothing; any thread may do it at any time.
#pragma once

#include <atomic>
#include <cstdint>

#include "emu/base/units.hpp"
#include "runtime/fault/devices/extent_bitmap.hpp"
#include "runtime/fault/mappings/vma.hpp"
#include "runtime/fault/touches/uffd_calls.hpp"

namespace daxemu::fault {

// One for each address space.
class Resolver {
public:
  // `of_this_process`: the addresses are.
  explicit Resolver(bool of_this_process = true) : here_(of_this_process) {}
  enum class Outcome {
    resolved,  // present now, or no longer ours; who waited is awake
    refused,   // it cannot be: the touch is SIGBUS
    no_memory, // not now: the file system or the machine has no page; the touch is SIGBUS and may be tried again
  };

  // `faulted`: which extents of the device the address space has faulted in. `missing`: the fault said that the page
  // cache has no page (a hint). `fresh`: the extent has not been touched there since it was mapped.
  Outcome resolve(const UffdCalls& uffd, const Vma& vma, const ExtentBitmap& faulted, std::uint64_t address,
                  bool missing, bool fresh);

  // Makes the `count` extents from `address` on present, which nobody has touched here and which are ready to be
  // mapped; `touched`, the extent before or behind them, is about to be. Under the table's lock. Returns how many
  // became it: as far as it goes.
  std::uint64_t resolve_ahead(const UffdCalls& uffd, const Vma& vma, const ExtentBitmap& faulted, ExtentIndex touched,
                              std::uint64_t address, std::uint64_t count);
  // Has the kernel answer touches of the page itself, and wakes who waits. False: it cannot be arranged.
  [[nodiscard]] static bool leave_to_kernel(const UffdCalls& uffd, std::uint64_t address);

  // A forked child: nothing is mapped, no hole made.
  void forget_all() { holes_.store(0, std::memory_order_relaxed); }
  // Extents first..first+count of the view are no longer mapped there.
  void forget(DeviceView& view, ExtentBitmap& faulted, std::uint64_t first, std::uint64_t count);

private:
  Outcome one_page(const UffdCalls& uffd, const Vma& vma, std::uint64_t address, bool missing) const;
  Outcome small_page(const UffdCalls& uffd, const Vma& vma, std::uint64_t address, bool missing) const;
  Outcome many_pages(const UffdCalls& uffd, const Vma& vma, const ExtentBitmap& faulted, std::uint64_t address,
                     bool missing, bool fresh);
  [[nodiscard]] std::int64_t hole_budget();

  bool here_;
  std::atomic<std::int64_t> holes_{0}; // ranges of registered mappings that were given back to the kernel
  std::atomic<std::int64_t> budget_{0};
};

} // namespace daxemu::fault
