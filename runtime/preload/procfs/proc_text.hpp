// Text files of /proc, line by line, and the memory file that stands for one whose text is changed. No allocation:
// crash handlers read maps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::preload {

// Lines of a file, with a buffer of its own.
class Lines {
public:
  explicit Lines(int fd) : fd_(fd) {}

  // The next line with its newline; empty at the end. A line longer than the buffer comes in pieces. Good until the
  // next call.
  std::string_view next();

private:
  int fd_;
  std::array<char, 8192> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// A line being written.
class LineText {
public:
  LineText& put(std::string_view text);
  LineText& decimal(std::uint64_t value, std::size_t width = 0); // blanks before it
  LineText& hex(std::uint64_t value, std::size_t digits = 0);    // zeros before it
  LineText& blanks_to(std::size_t column);                       // none if it is that long already
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), used_}; }
  void clear() { used_ = 0; }

private:
  LineText& padded(std::uint64_t value, int base, std::size_t width, char pad);

  std::array<char, 512> bytes_;
  std::size_t used_ = 0;
};

// A memory file that grows at its end, and is made when it does; the first error of any call stays.
class TextFile {
public:
  // `name` is what /proc/PID/fd shows; it outlives this.
  TextFile(const char* name, bool close_on_exec);

  void put(std::string_view text);
  // The descriptor, at the file's beginning. Errors: memfd_create(2)'s, those of the writes.
  [[nodiscard]] Result<int> take();

private:
  void make();
  void flush();

  const char* name_;
  bool close_on_exec_;
  UniqueFd fd_; // made when there is text for it: most files have nothing of ours
  std::uint64_t size_ = 0;
  std::array<char, 4096> buffer_;
  std::size_t used_ = 0;
  int error_ = 0;
};

// The first word of `text`, which then begins behind it and the blanks that follow it. Blanks are spaces and tabs.
std::string_view take_word(std::string_view& text);

// A number in `base` at the beginning of `text`, which then begins behind it. False, and nothing is changed: none is.
bool take_number(std::string_view& text, std::uint64_t& value, int base = 10);

} // namespace daxemu::preload
