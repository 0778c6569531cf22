// A good file spoiled by the fuzzer's bytes: that gets further than bytes from nowhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <unistd.h>

#include "tests/fuzz/target.hpp"

namespace daxemu::fuzz {

struct Patched {
  bool mend_checksums = false;
};

// The first byte says how: bit 0: checksums are to be mended afterwards; bit 1: the file is cut short. Then pieces of
// (offset: 2 bytes, times 1 or 4096 by bit 2; length: 1 byte; that many bytes).
inline Patched patch(std::vector<std::byte>& file, std::span<const std::uint8_t> input) {
  Patched done;
  if (input.empty()) {
    return done;
  }
  const std::uint8_t how = input[0];
  done.mend_checksums = (how & 1U) != 0;
  input = input.subspan(1);
  if ((how & 2U) != 0 && input.size() >= 2) {
    const std::size_t keep = (input[0] | static_cast<std::size_t>(input[1]) << 8U) * ((how & 4U) != 0 ? 16 : 1);
    file.resize(keep < file.size() ? keep : file.size());
    input = input.subspan(2);
  }
  while (input.size() > 3 && !file.empty()) {
    const std::size_t offset = (input[0] | static_cast<std::size_t>(input[1]) << 8U) * ((how & 4U) != 0 ? 8 : 1);
    const std::size_t length = input[2] < input.size() - 3 ? input[2] : input.size() - 3;
    for (std::size_t at = 0; at < length; ++at) {
      file[(offset + at) % file.size()] = static_cast<std::byte>(input[3 + at]);
    }
    input = input.subspan(3 + length);
  }
  return done;
}

inline void write_file(int fd, std::span<const std::byte> bytes) {
  if (::ftruncate(fd, 0) != 0 || ::ftruncate(fd, static_cast<off_t>(bytes.size())) != 0 ||
      ::pwrite(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    std::perror("fuzzed file");
    std::abort();
  }
}

// What is refused is never written to.
inline void expect_untouched(int fd, std::span<const std::byte> bytes) {
  std::vector<std::byte> now(bytes.size() + 1);
  require(::pread(fd, now.data(), now.size(), 0) == static_cast<ssize_t>(bytes.size()) &&
              std::equal(bytes.begin(), bytes.end(), now.begin()),
          "a file that is refused is not written to");
}

} // namespace daxemu::fuzz
