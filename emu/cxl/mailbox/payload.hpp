// Payloads of mailbox commands: packed, little-endian, at most kPayloadLimit bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace daxemu::cxl {

inline constexpr std::size_t kPayloadLimit = 4096; // no device here has a larger mailbox

// A number of `sizeof(Value)` bytes at `offset`; the caller knows that it is there. The machine is little-endian, as
// everything that has CXL.
template <class Value>
[[nodiscard]] Value number_at(std::span<const std::byte> payload, std::size_t offset) {
  Value value{};
  std::memcpy(&value, payload.data() + offset, sizeof value);
  return value;
}

// Writes a payload from its start; what does not fit is cut.
class PayloadWriter {
public:
  explicit PayloadWriter(std::span<std::byte> payload) : payload_(payload) {}
  template <class Value>
  PayloadWriter& number(Value value) {
    return bytes(std::as_bytes(std::span(&value, 1)));
  }
  // The low 24 bits.
  PayloadWriter& number24(std::uint32_t value) { return bytes(std::as_bytes(std::span(&value, 1)).first(3)); }
  // `room` bytes: text, then zeroes.
  PayloadWriter& text(std::string_view text, std::size_t room) {
    const std::size_t length = std::min(text.size(), room);
    return bytes(std::as_bytes(std::span(text.data(), length))).zeroes(room - length);
  }
  PayloadWriter& zeroes(std::size_t count) {
    count = std::min(count, payload_.size() - used_);
    std::fill_n(payload_.begin() + static_cast<std::ptrdiff_t>(used_), count, std::byte{0});
    used_ += count;
    return *this;
  }
  PayloadWriter& bytes(std::span<const std::byte> from) {
    const std::size_t count = std::min(from.size(), payload_.size() - used_);
    std::copy_n(from.begin(), count, payload_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += count;
    return *this;
  }
  [[nodiscard]] std::size_t length() const { return used_; }

private:
  std::span<std::byte> payload_;
  std::size_t used_ = 0;
};

} // namespace daxemu::cxl
