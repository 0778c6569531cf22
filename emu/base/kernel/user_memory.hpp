// Memory of the program that asks: it may be anything, and only whoever stands in that process can tell.
#pragma once

#include <cstddef>
#include <cstdint>

namespace daxemu {

class UserMemory {
public:
  UserMemory() = default;
  UserMemory(const UserMemory&) = delete;
  UserMemory& operator=(const UserMemory&) = delete;
  // copy_from_user(), copy_to_user(). False: EFAULT. Nothing is copied of no bytes.
  [[nodiscard]] virtual bool read(void* into, std::uint64_t from, std::size_t size) const = 0;
  [[nodiscard]] virtual bool write(std::uint64_t into, const void* from, std::size_t size) const = 0;

protected:
  ~UserMemory() = default;
};

} // namespace daxemu
