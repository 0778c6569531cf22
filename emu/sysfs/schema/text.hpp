// Writes text into memory of the caller's: no allocation, cut at the end like a sysfs page.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace daxemu::sysfs {

class Text {
public:
  explicit Text(std::span<char> into) : into_(into) {}

  Text& put(std::string_view text) {
    const std::size_t length = std::min(text.size(), into_.size() - used_);
    std::memcpy(into_.data() + used_, text.data(), length);
    used_ += length;
    return *this;
  }
  template <class Number>
  Text& number(Number value) {
    return digits(value, 10);
  }
  // What the kernel's %#llx gives: a prefix even before 0.
  Text& hex(std::uint64_t value) { return put("0x").digits(value, 16); }

  // `value` in `base`, with zeros before it up to `width` digits.
  template <class Number>
  Text& digits(Number value, int base, std::size_t width = 0) {
    char buffer[24];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value, base);
    const auto length = static_cast<std::size_t>(end - buffer);
    for (std::size_t zeros = length; zeros < width; ++zeros) {
      put("0");
    }
    return put({buffer, length});
  }

  [[nodiscard]] std::size_t size() const { return used_; }
  [[nodiscard]] std::string_view view() const { return {into_.data(), used_}; }

private:
  std::span<char> into_;
  std::size_t used_ = 0;
};

// A Text with memory of its own, for names and paths.
template <std::size_t Capacity>
class TextBuffer : public Text {
public:
  TextBuffer() : Text(std::span<char>(bytes_)) {}
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

private:
  char bytes_[Capacity];
};
using PathText = TextBuffer<256>;
using NameText = TextBuffer<64>;

} // namespace daxemu::sysfs
