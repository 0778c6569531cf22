// Sole owner of a memory mapping.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "emu/base/kernel/sys.hpp"

namespace daxemu {

class Mapping {
public:
  Mapping() = default;
  Mapping(void* address, std::size_t length) : address_(address), length_(length) {}
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)), length_(std::exchange(other.length_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    if (this != &other) {
      reset();
      address_ = std::exchange(other.address_, nullptr);
      length_ = std::exchange(other.length_, 0);
    }
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { reset(); }

  // Maps `length` bytes of `fd` from `offset` (page aligned). Errors: mmap(2)'s.
  [[nodiscard]] static Result<Mapping> of(int fd, std::size_t length, int prot, int flags, std::uint64_t offset = 0) {
    auto address = sys::mmap(nullptr, length, prot, flags, fd, offset);
    if (!address) {
      return tl::unexpected(address.error());
    }
    return Mapping(*address, length);
  }

  [[nodiscard]] void* data() const { return address_; }
  [[nodiscard]] std::size_t size() const { return length_; }
  [[nodiscard]] std::span<std::byte> bytes() const { return {static_cast<std::byte*>(address_), length_}; }
  [[nodiscard]] explicit operator bool() const { return address_ != nullptr; }
  void reset() {
    if (address_ != nullptr) {
      (void)sys::munmap(std::exchange(address_, nullptr), std::exchange(length_, 0));
    }
  }

private:
  void* address_ = nullptr;
  std::size_t length_ = 0;
};

} // namespace daxemu
