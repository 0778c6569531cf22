// The calls that make, change and remove mappings: those that concern a device go to this process's AddressSpace, all
// others straight on. The program's calls on unrelated memory cost a load and two comparisons.
#pragma once

#include <cstddef>

#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/memory/live_space.hpp"

namespace daxemu::preload {

class MemoryCalls {
public:
  void* mmap(void* address, std::size_t length, int prot, int flags, int fd, off_t offset);
  int munmap(void* address, std::size_t length);
  int mprotect(void* address, std::size_t length, int prot);
  int pkey_mprotect(void* address, std::size_t length, int prot, int pkey);
  void* mremap(void* old_address, std::size_t old_size, std::size_t new_size, int flags, void* new_address);
  int remap_file_pages(void* address, std::size_t size, int prot, std::size_t page_offset, int flags);
  int madvise(void* address, std::size_t length, int advice);
  ssize_t process_madvise(int pidfd, const iovec* pieces, std::size_t count, int advice, unsigned flags);
  // Returns an errno value, as posix_madvise(3) does.
  int posix_madvise(void* address, std::size_t length, int advice);
  int mlock(const void* address, std::size_t length);
  int mlock2(const void* address, std::size_t length, unsigned flags);
  int mlockall(int flags);
  int munlockall();
  // The program has said whether it is to have huge pages (PR_SET_THP_DISABLE).
  void follow_huge_pages();
  int msync(void* address, std::size_t length, int flags);
  int mincore(void* address, std::size_t length, unsigned char* vector);
  // Linux 6.10's: as in a kernel that has none, where a device is concerned.
  int mseal(void* address, std::size_t length, unsigned long flags);
  void* shmat(int id, const void* address, int flags);

  // The errno value of a userfaultfd ioctl of the program for a range with mappings of ours, 0 for any other: they
  // cannot be registered (EINVAL), and are not (ENOENT).
  [[nodiscard]] int refuses_ioctl(unsigned long request, const void* argument) const;

  // Is an mmap(2) with these arguments the kernel's alone? What it says no to may be all the same.
  [[nodiscard]] static bool passes(int flags, int fd) {
    const bool no_device = (flags & MAP_ANONYMOUS) != 0 || fd < 0 || FdTable::is_foreign(fd);
    return no_device && ((flags & MAP_FIXED) == 0 || live_space.get() == nullptr);
  }

private:
  void* map_device(const store::Store& store, fault::AddressSpace& space, store::DeviceRecord& device, void* address,
                   std::size_t length, int prot, int flags, int fd, off_t offset);
};

// The process's own.
extern constinit MemoryCalls memory_calls;

} // namespace daxemu::preload
