// One mapping of an emulated device in this process: what the kernel's vm_area_struct of device-dax would say.
#pragma once

#include <cstdint>

namespace daxemu::fault {

class DeviceView;

// Bits of Vma::flags. The advice bits are kept because they decide whether a later madvise(2) would have to split.
enum VmaFlag : std::uint32_t {
  kMayWrite = 1U << 0,   // VM_MAYWRITE: the descriptor was open for writing
  kBroken = 1U << 1,     // start, end or file offset misaligned: nothing in it can be faulted in (check_vma)
  kNoHuge = 1U << 2,     // VM_NOHUGEPAGE: faults come as small pages, which larger extents refuse
  kHuge = 1U << 3,       // VM_HUGEPAGE, set by dax_mmap
  kRandom = 1U << 4,     // VM_RAND_READ
  kSequential = 1U << 5, // VM_SEQ_READ
  kDontFork = 1U << 6,   // VM_DONTCOPY
  kDontDump = 1U << 7,   // VM_DONTDUMP
  kPatched = 1U << 8,    // the filler took the place of extents in it
  kRegistered = 1U << 9, // with the userfaultfd of this process
};

struct Vma {
  std::uint64_t start = 0;    // address
  std::uint64_t end = 0;      // address behind it
  std::uint64_t offset = 0;   // bytes from the device's start to what is mapped at `start`
  DeviceView* view = nullptr; // never freed once made
  std::uint32_t prot = 0;     // PROT_*
  std::uint32_t flags = 0;    // VmaFlag

  [[nodiscard]] bool contains(std::uint64_t address) const { return address >= start && address < end; }
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const { return offset + (address - start); }
  [[nodiscard]] bool has(VmaFlag flag) const { return (flags & flag) != 0; }
};

} // namespace daxemu::fault
