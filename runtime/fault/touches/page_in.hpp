// An entry in the page table where the kernel serves touches itself: whoever asks what is there (mincore) is to find
// the extent, as on the device. Serves nothing that a userfaultfd would be asked for.
#pragma once

#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "runtime/fault/mappings/vma.hpp"

namespace daxemu::fault {

// False: there is none to be had, for what lies there is filler.
inline bool fault_in_page(const Vma& vma, std::uint64_t address) {
  constexpr int kPopulateRead = 22; // MADV_POPULATE_*, newer than the C library's headers
  constexpr int kPopulateWrite = 23;
  const int advice = (vma.prot & PROT_READ) != 0 ? kPopulateRead : kPopulateWrite;
  auto done = sys::madvise(reinterpret_cast<void*>(align_down(address, kPageSize)), kPageSize, advice);
  return done.has_value() || done.error() != Errno{EFAULT};
}

} // namespace daxemu::fault
