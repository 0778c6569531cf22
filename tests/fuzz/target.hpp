// What every fuzz target has: the entry point libFuzzer and replay_main.cpp call, a reader of the input, and a way to
// say that something must hold.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace daxemu::fuzz {

// Ends the program, which is how a target reports a finding.
inline void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "this does not hold: %s\n", what);
    std::abort();
  }
}

// Takes values off the front of an input; from a spent one comes 0.
class Input {
public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) {
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint32_t word() {
    const std::uint32_t low = byte();
    return low | static_cast<std::uint32_t>(byte()) << 8U;
  }
  // 0 to `count` - 1. `count` is not 0.
  std::size_t below(std::size_t count) { return (count <= 256 ? byte() : word()) % count; }
  std::string_view text(std::size_t length) {
    const std::string_view front = rest_.substr(0, length);
    rest_.remove_prefix(front.size());
    return front;
  }
  std::string_view all() { return text(rest_.size()); }

private:
  std::string_view rest_;
};

} // namespace daxemu::fuzz
