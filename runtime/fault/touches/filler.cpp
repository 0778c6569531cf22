#include "runtime/fault/touches/filler.hpp"

#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/fault/mappings/core_filter.hpp"
#include "runtime/fault/memory/locked_memory.hpp"
#include "runtime/fault/memory/others_memory.hpp"
#include "runtime/fault/process/private_fds.hpp"

namespace daxemu::fault {

Result<void> Filler::prepare() {
  if (fd_ >= 0) {
    return {};
  }
  auto made = sys::memfd_create("daxemu-beyond-end", MFD_CLOEXEC);
  if (!made) {
    return tl::unexpected(made.error());
  }
  const auto about = sys::fstat(*made);
  auto kept = PrivateFds::adopt(UniqueFd(*made));
  if (!kept) {
    return tl::unexpected(kept.error());
  }
  inode_ = about ? about->st_ino : 0;
  fd_ = kept->release();
  return {};
}

bool Filler::is_at(std::uint64_t address) const {
  const auto mapping = others_mapping_from(address);
  return mapping && mapping->start <= address && mapping->inode == inode_ && inode_ != 0;
}

Result<void> Filler::place(std::uint64_t address, std::uint64_t length, std::uint32_t prot) const {
  auto placed = sys::mmap(reinterpret_cast<void*>(address), length, static_cast<int>(prot),
                          MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd_, 0);
  if (!placed) {
    return tl::unexpected(placed.error());
  }
  CoreFilter::mark(address, address + length, false); // there is nothing in it
  if (LockedMemory::future()) {
    (void)sys::call(SYS_munlock, static_cast<long>(address), static_cast<long>(length));
  }
  return {};
}

} // namespace daxemu::fault
