// A path being walked: bounded, on the stack, always terminated.
#pragma once

#include <array>
#include <climits>
#include <cstring>
#include <string_view>

namespace daxemu::preload {

class PathText {
public:
  PathText() { bytes_[0] = '\0'; }

  // All return false, and change nothing, when the result would not fit in PATH_MAX.
  bool assign(std::string_view text) {
    if (text.size() >= bytes_.size()) {
      return false;
    }
    std::memmove(bytes_.data(), text.data(), text.size());
    set_size(text.size());
    return true;
  }
  bool append(std::string_view text) {
    if (size_ >= bytes_.size() || text.size() >= bytes_.size() - size_) {
      return false;
    }
    std::memcpy(bytes_.data() + size_, text.data(), text.size());
    set_size(size_ + text.size());
    return true;
  }
  // "/a" and "b" become "/a/b"; "/" and "b" become "/b".
  bool push(std::string_view component) {
    const std::size_t before = size_;
    if ((size_ > 1 && !append("/")) || !append(component)) {
      set_size(before);
      return false;
    }
    return true;
  }
  // "/a/b" becomes "/a"; "/a" and "/" become "/".
  void pop() {
    const std::size_t slash = view().rfind('/');
    set_size(slash == std::string_view::npos || slash == 0 ? 1 : slash);
    bytes_[0] = '/';
  }
  void clear() { set_size(0); }

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
  [[nodiscard]] const char* c_str() const { return bytes_.data(); }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // For calls that fill a buffer: writable bytes, then how many of them are text.
  [[nodiscard]] char* data() { return bytes_.data(); }
  [[nodiscard]] std::size_t capacity() const { return bytes_.size() - 1; }
  void set_size(std::size_t size) {
    size_ = size;
    bytes_[size_] = '\0';
  }

private:
  std::array<char, PATH_MAX> bytes_;
  std::size_t size_ = 0;
};

// Is `path` the folder, or something in it?
[[nodiscard]] inline bool is_at_or_below(std::string_view path, std::string_view folder) noexcept {
  return !folder.empty() && path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

} // namespace daxemu::preload
