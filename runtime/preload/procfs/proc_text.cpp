#include "runtime/preload/procfs/proc_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <linux/memfd.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::preload {

std::string_view Lines::next() {
  for (;;) {
    const std::string_view held(buffer_.data() + begin_, end_ - begin_);
    if (const std::size_t newline = held.find('\n'); newline != std::string_view::npos) {
      begin_ += newline + 1;
      return held.substr(0, newline + 1);
    }
    if (begin_ > 0) {
      std::memmove(buffer_.data(), held.data(), held.size());
      end_ = held.size();
      begin_ = 0;
      continue;
    }
    const auto got = end_ == buffer_.size() ? Result<long>(0)
                                            : sys::call(SYS_read, fd_, reinterpret_cast<long>(buffer_.data() + end_),
                                                        static_cast<long>(buffer_.size() - end_));
    if (!got || *got <= 0) {
      begin_ = end_;
      return held;
    }
    end_ += static_cast<std::size_t>(*got);
  }
}

LineText& LineText::put(std::string_view text) {
  const std::size_t fit = std::min(text.size(), bytes_.size() - used_);
  std::memcpy(bytes_.data() + used_, text.data(), fit);
  used_ += fit;
  return *this;
}

LineText& LineText::padded(std::uint64_t value, int base, std::size_t width, char pad) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value, base);
  const auto length = static_cast<std::size_t>(end - digits);
  for (std::size_t at = length; at < width; ++at) {
    put({&pad, 1});
  }
  return put({digits, length});
}

LineText& LineText::decimal(std::uint64_t value, std::size_t width) {
  return padded(value, 10, width, ' ');
}
LineText& LineText::hex(std::uint64_t value, std::size_t digits) {
  return padded(value, 16, digits, '0');
}
LineText& LineText::blanks_to(std::size_t column) {
  while (used_ < std::min(column, bytes_.size())) {
    bytes_[used_++] = ' ';
  }
  return *this;
}

TextFile::TextFile(const char* name, bool close_on_exec) : name_(name), close_on_exec_(close_on_exec) {}

void TextFile::make() {
  const auto made = sys::memfd_create(name_, close_on_exec_ ? MFD_CLOEXEC : 0U);
  fd_ = UniqueFd(made.value_or(-1));
  error_ = made ? 0 : made.error().value;
  (void)sys::call(SYS_fchmod, fd_.get(), 0444); // as files of /proc that nobody writes to
}

void TextFile::flush() {
  if (fd_.get() < 0 && error_ == 0) {
    make();
  }
  const auto written = sys::pwrite(fd_.get(), buffer_.data(), used_, size_);
  if (!written || *written != used_) {
    error_ = error_ != 0 ? error_ : (written ? ENOSPC : written.error().value);
  }
  size_ += used_;
  used_ = 0;
}

void TextFile::put(std::string_view text) {
  while (!text.empty()) {
    const std::size_t fit = std::min(text.size(), buffer_.size() - used_);
    std::memcpy(buffer_.data() + used_, text.data(), fit);
    used_ += fit;
    text.remove_prefix(fit);
    if (used_ == buffer_.size()) {
      flush();
    }
  }
}

Result<int> TextFile::take() {
  flush();
  if (error_ != 0) {
    return fail(error_);
  }
  return fd_.release();
}

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(text.find_first_not_of(" \t", end), text.size()));
  return word;
}

bool take_number(std::string_view& text, std::uint64_t& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

} // namespace daxemu::preload
