// A memory file of a shape, as the grounds need it.
#pragma once

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bench/grounds/ground.hpp"

namespace daxemu::bench {

class MemoryFile {
public:
  explicit MemoryFile(const Shape& shape)
      : bytes_(shape.bytes()),
        fd_(::memfd_create("bench",
                           MFD_CLOEXEC | (shape.memory == Memory::hugetlb ? MFD_HUGETLB | MFD_HUGE_2MB : 0U))) {
    if (fd_ >= 0 && ::ftruncate(fd_, static_cast<off_t>(bytes_)) != 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] char* map() const {
    void* base = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    return base == MAP_FAILED ? nullptr : static_cast<char*>(base);
  }
  void unmap(char* base) const { ::munmap(base, bytes_); }
  void freshen() const {
    (void)::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes_));
  }

private:
  std::uint64_t bytes_;
  int fd_;
};

} // namespace daxemu::bench
