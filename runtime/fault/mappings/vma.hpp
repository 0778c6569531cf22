// One mapping of an emulated device in this process: what the kernel's vm_area_struct of device-dax would say.
#pragma once

#include <cstdint>

namespace daxemu::fault {

class DeviceView;

// Bits of Vma::flags. The advice bits are kept because they decide whether a later madvise(2) would have to split.
enum VmaFlag : std::uint32_t {
  kMayWrite = 1U << 0,   // VM_MAYWRITE and VM_SHARED: the descriptor was open for writing
  kBroken = 1U << 1,     // start or end misaligned (check_vma), or the device gone: nothing in it can be faulted in
  kNoHuge = 1U << 2,     // VM_NOHUGEPAGE: faults come as small pages, which larger extents refuse
  kHuge = 1U << 3,       // VM_HUGEPAGE, set by dax_mmap
  kRandom = 1U << 4,     // VM_RAND_READ
  kSequential = 1U << 5, // VM_SEQ_READ
  kDontFork = 1U << 6,   // VM_DONTCOPY
  kDontDump = 1U << 7,   // VM_DONTDUMP
  kPatched = 1U << 8,    // the filler took the place of extents in it
  kRegistered = 1U << 9, // with the userfaultfd of this process
  kNoReserve = 1U << 10, // VM_NORESERVE
  kSync = 1U << 11,      // VM_SYNC
  kSealed = 1U << 12,    // VM_SEALED: it stays as it is (mseal)
};
// The protection key (pkey_mprotect) is above the flags.
inline constexpr unsigned kPkeyShift = 28;
inline constexpr std::uint32_t kPkeyMask = 0xfU << kPkeyShift;
// What is about our way of showing the mapping, not about the mapping: no difference between two of them.
inline constexpr std::uint32_t kOurFlags = kBroken | kPatched | kRegistered;

struct Vma {
  std::uint64_t start = 0;    // address
  std::uint64_t end = 0;      // address behind it
  std::uint64_t offset = 0;   // bytes from the device's start to what is mapped at `start`
  DeviceView* view = nullptr; // never freed once made
  std::uint32_t prot = 0;     // PROT_*
  std::uint32_t flags = 0;    // VmaFlag
  // Bytes by which the file offset that was asked for exceeds `offset`: the entry of an extent cannot begin inside it,
  // so what the processor finds at an extent's address is the extent's start (asked of the kernel in a guest).
  std::uint32_t skew = 0;
  std::uint32_t file = 0;   // which open file of the device (OpenFiles)
  std::uint32_t policy = 0; // mbind(2)'s, as a number below 2^28 that equal policies share; 0: none
  // When it last went into the file's tree of mappings (i_mmap): a new one does, and one whose boundaries move.
  std::uint64_t linked = 0;

  [[nodiscard]] bool contains(std::uint64_t address) const { return address >= start && address < end; }
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const { return offset + (address - start); }
  // vm_pgoff, in bytes.
  [[nodiscard]] std::uint64_t file_offset() const { return offset + skew; }
  [[nodiscard]] bool has(VmaFlag flag) const { return (flags & flag) != 0; }

  // The part of it from `from` to `to`.
  [[nodiscard]] Vma part(std::uint64_t from, std::uint64_t to) const {
    Vma piece = *this;
    piece.offset = offset_of(from);
    piece.start = from;
    piece.end = to;
    return piece;
  }
  // Would the kernel take `other`, which follows this one, for its continuation (is_mergeable_vma)?
  [[nodiscard]] bool continues_as(const Vma& other) const {
    return end == other.start && view == other.view && file == other.file && policy == other.policy &&
           prot == other.prot && skew == other.skew && offset_of(end) == other.offset &&
           ((flags ^ other.flags) & ~kOurFlags) == 0;
  }
};

} // namespace daxemu::fault
