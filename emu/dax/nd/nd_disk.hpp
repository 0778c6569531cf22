// The block device that nd_pmem makes of a namespace: of one that is nobody's, raw (force_raw) or without an info
// block, of a pfn (fsdax), whose data it is (pmem_attach_disk in drivers/nvdimm/pmem.c), and of a btt (sector), whose
// sectors it has (btt.hpp). Its bytes are the namespace's: those of the device that the namespace was last, and before
// and behind them what such a device does not use, the reserve, in which the info block lies. The reserve has a file of
// the platform's once the namespace has been a disk.
#pragma once

#include <cstdint>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax::nd {

[[nodiscard]] inline bool is_disk(const store::RegionRecord& region) {
  return region.nd.disk != 0;
}

// What the disk shows of the namespace.
struct DiskShape {
  store::NdKind kind = store::NdKind::none; // of who holds the namespace: a pfn, a btt, or nobody
  std::uint64_t begin = 0;                  // bytes of the namespace before its first one; of a btt, nowhere
  std::uint64_t size = 0;                   // bytes
  std::uint32_t block = 512;                // its logical block
  std::uint32_t physical = 4096;            // and what the queue calls the physical one
};
// The pfn or btt that a disk is of; nullptr: it is raw, even if something waits for the namespace.
[[nodiscard]] const store::NdHolderRecord* disk_holder(const store::Store& store, const store::RegionRecord& space);
[[nodiscard]] DiskShape disk_shape(const store::Store& store, const store::RegionRecord& space);

// The caller holds a Change. Without a file left for its node it cannot be opened, without one for its reserve that
// cannot be read. Errors: EBUSY (it is one).
Result<void> attach_disk(const store::Store& store, store::RegionRecord& region);
// What descriptors of it somebody has left are open on is nobody's. Errors: ENODEV (it is none).
Result<void> detach_disk(const store::Store& store, store::RegionRecord& region);

// The file of the reserve is free, what was in it nobody's.
void release_reserve(const store::Store& store, store::RegionRecord& region);

// After a changer that died: a disk that has not all of its bytes yet is none, how many there are is counted, and files
// that no namespace knows of are free again.
void repair_disks(const store::Store& store);

// A stretch of a disk that lies in one place.
struct DiskPiece {
  store::DeviceRecord* device = nullptr; // whose memory it is; nullptr: the reserve's
  std::uint64_t offset = 0;              // there: from the start of the device, or of the namespace
  std::uint64_t size = 0;                // bytes, at most those asked for
};
// Where the namespace's byte `offset`, below its size, and those behind it are, as far as they lie together.
[[nodiscard]] DiskPiece disk_piece(const store::Store& store, const store::RegionRecord& region, std::uint64_t offset,
                                   std::uint64_t size);

// The reserve's file, byte for byte the namespace, with holes where the device's memory is. Errors: EIO (none).
[[nodiscard]] Result<UniqueFd> open_reserve(const store::Store& store, const store::RegionRecord& region);
// Somebody has written [offset, offset + size) of the reserve: does that make another info block? Takes the
// configuration lock. Errors: those of reading it.
Result<void> note_written(const store::Store& store, store::RegionRecord& region, std::uint64_t offset,
                          std::uint64_t size);
// The region's info is another: so are the bytes of its block, if anybody can read them. Errors: those of writing.
Result<void> put_info(const store::Store& store, const store::RegionRecord& region);

} // namespace daxemu::dax::nd
