// Which open file a mapping is of (vm_file). A mapping keeps its open file as long as it lasts: flock(2) and the locks
// of F_OFD_SETLK outlive the descriptor. Mappings of two opens of one device are never one mapping; those of a
// descriptor and of its copies may be.
//
// The device's bytes are mapped by a descriptor of our own, so the program's open file is kept by a page of it that
// nobody can touch (PROT_NONE), somewhere aside. That needs no descriptor, and is inherited by fork(2) and ended by
// exec and exit as the mapping is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace daxemu::fault {

class VmaTable;

// Under the table's lock throughout.
class OpenFiles {
public:
  // A number for the open file behind `fd`, which this process keeps open from now on, held until release(). 0: it
  // cannot be kept (kMost are, or there is no room for another mapping).
  [[nodiscard]] std::uint32_t hold(int fd) noexcept;
  // The same of a number that a mapping has, whose mapping is about to be replaced by another of it.
  void hold(std::uint32_t number) noexcept { held_ = number; }
  // What is held is in the table now, or is not to be kept.
  void release(const VmaTable& table) noexcept;
  // Lets go of the file `number` if no mapping is of it any more, and it is not held.
  void settle(std::uint32_t number, const VmaTable& table) noexcept;
  // The same of all.
  void settle_all(const VmaTable& table) noexcept;

private:
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kMostAsked = 16; // files a new one is compared with

  [[nodiscard]] std::uint64_t place_of(std::uint32_t number) const noexcept;
  [[nodiscard]] bool reserve() noexcept;
  [[nodiscard]] bool is_same(std::uint32_t number, int fd) const noexcept;

  std::uint64_t arena_ = 0; // address; 0: not yet
  std::array<bool, kMost> kept_{};
  std::size_t in_use_ = 0;
  std::uint32_t held_ = 0;
};

// A number that is held for as long as this lives.
class HeldFile {
public:
  HeldFile(OpenFiles& files, const VmaTable& table, int fd) : files_(files), table_(table), number_(files.hold(fd)) {}
  HeldFile(OpenFiles& files, const VmaTable& table, std::uint32_t number)
      : files_(files), table_(table), number_(number) {
    files.hold(number);
  }
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  ~HeldFile() { files_.release(table_); }
  [[nodiscard]] std::uint32_t number() const { return number_; }

private:
  OpenFiles& files_;
  const VmaTable& table_;
  std::uint32_t number_;
};

} // namespace daxemu::fault
