// A string of bounded length that can live in shared memory: no pointers, always terminated.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace daxemu {

template <std::size_t Capacity>
class FixedString {
public:
  static constexpr std::size_t kCapacity = Capacity; // bytes, with the terminator

  constexpr FixedString() = default;
  FixedString(std::string_view text) { assign(text); }
  // Keeps what fits (Capacity - 1 bytes); false if something was cut.
  bool assign(std::string_view text) {
    const std::size_t length = std::min(text.size(), Capacity - 1);
    std::memcpy(bytes_.data(), text.data(), length);
    std::memset(bytes_.data() + length, 0, Capacity - length);
    return length == text.size();
  }
  [[nodiscard]] const char* c_str() const { return bytes_.data(); }
  // Bounded even if shared memory was scribbled over.
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), ::strnlen(bytes_.data(), Capacity)}; }
  [[nodiscard]] bool empty() const { return bytes_[0] == '\0'; }

private:
  std::array<char, Capacity> bytes_{};
};

} // namespace daxemu
