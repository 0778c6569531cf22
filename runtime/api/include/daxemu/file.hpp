// Files on FS_DAX memory as C++ objects; see file.h.
#ifndef DAXEMU_FILE_HPP
#define DAXEMU_FILE_HPP

#include <daxemu/daxemu.hpp>
#include <daxemu/file.h>

namespace daxemu {

// Unlinked at the end; one that is still mapped or pinned then stays on the device: unlink() says why.
class File {
public:
  explicit File(const Device& device) { checked(::daxemu_file_create(device.get(), &handle_)); }
  ~File() {
    if (handle_ != nullptr) {
      ::daxemu_file_unlink(handle_, 0);
    }
  }
  File(File&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;

  void unlink(unsigned milliseconds = 0) {
    checked(::daxemu_file_unlink(handle_, milliseconds));
    handle_ = nullptr;
  }
  [[nodiscard]] std::uint64_t id() const { return ::daxemu_file_id(handle_); }
  [[nodiscard]] std::uint64_t size() const { return ::daxemu_file_size(handle_); }
  void allocate(std::uint64_t offset, std::uint64_t length) const {
    checked(::daxemu_file_allocate(handle_, offset, length));
  }
  void truncate(std::uint64_t size, unsigned milliseconds = DAXEMU_WAIT_FOREVER) const {
    checked(::daxemu_file_truncate(handle_, size, milliseconds));
  }
  void punch(std::uint64_t offset, std::uint64_t length, unsigned milliseconds = DAXEMU_WAIT_FOREVER) const {
    checked(::daxemu_file_punch(handle_, offset, length, milliseconds));
  }
  [[nodiscard]] Mapping map(std::size_t length, std::uint64_t offset = 0, int prot = PROT_READ | PROT_WRITE) const {
    void* address = nullptr;
    checked(::daxemu_file_mmap(handle_, length, prot, offset, &address));
    return {address, length};
  }
  [[nodiscard]] daxemu_file* get() const { return handle_; }

private:
  daxemu_file* handle_ = nullptr;
};

} // namespace daxemu

#endif
