#include "runtime/preload/ground/user_memory.hpp"

#include <algorithm>
#include <climits>
#include <cstring>

#include <sys/syscall.h>
#include <sys/uio.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_exec.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/ground/own_process.hpp"

namespace daxemu::preload {
namespace {

constexpr std::uintptr_t kWord = 8; // the kernel's sigset_t
constexpr long kNoSuchHow = -1;     // neither SIG_BLOCK nor another: EINVAL once the set has been read
constexpr std::size_t kMostArgument = 32 * kPageSize; // MAX_ARG_STRLEN

std::uintptr_t number(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address);
}
std::uintptr_t page_end(std::uintptr_t address) {
  return (address | (kPageSize - 1)) + 1;
}

} // namespace

DAXEMU_START_PATH bool ReadablePages::readable(const void* address) noexcept {
  const std::uintptr_t page = number(address) / kPageSize;
  if (page == 0 || std::find(known_.begin(), known_.end(), page) == known_.end()) {
    if (!is_readable(address)) {
      return false;
    }
    known_[next_++ % known_.size()] = page;
  }
  return true;
}

DAXEMU_START_PATH bool ReadablePages::readable(const void* address, std::size_t size) noexcept {
  const std::uintptr_t begin = number(address);
  if (begin + size < begin) {
    return false;
  }
  for (std::uintptr_t at = begin; at < begin + size; at = page_end(at)) {
    if (!readable(reinterpret_cast<const void*>(at))) { // NOLINT(performance-no-int-to-ptr)
      return false;
    }
  }
  return true;
}

DAXEMU_EXEC_PATH bool ReadablePages::text(const char* text, std::size_t most) noexcept {
  for (const char *at = text, *limit = text + most; at < limit;) {
    if (!readable(at)) {
      return false;
    }
    const std::uintptr_t end = page_end(number(at));
    if (std::memchr(at, '\0', end - number(at)) != nullptr) {
      return true;
    }
    at = reinterpret_cast<const char*>(end); // NOLINT(performance-no-int-to-ptr)
  }
  return false;
}

DAXEMU_START_PATH bool is_readable(const void* address) noexcept {
  if (number(address) < kPageSize) {
    return false; // nobody maps it, and a null pointer to a set would mean none
  }
  const std::uintptr_t word = number(address) & ~(kWord - 1); // within one page
  const auto asked = sys::call(SYS_rt_sigprocmask, kNoSuchHow, static_cast<long>(word), 0, kWord);
  return asked.has_value() || asked.error() != Errno{EFAULT};
}

DAXEMU_START_PATH bool is_readable(const void* address, std::size_t size) noexcept {
  return ReadablePages().readable(address, size);
}

DAXEMU_START_PATH bool is_text(const char* text) noexcept {
  return ReadablePages().text(text, PATH_MAX);
}

DAXEMU_EXEC_PATH bool is_text_list(char* const* list) noexcept {
  ReadablePages of_list;
  ReadablePages of_texts;
  for (char* const* at = list;; ++at) {
    if (!of_list.readable(at, sizeof *at)) {
      return false;
    }
    if (*at == nullptr) {
      return true;
    }
    if (!of_texts.text(*at, kMostArgument)) {
      return false;
    }
  }
}

bool is_writable(void* address, std::size_t size) noexcept {
  const std::uintptr_t begin = number(address);
  if (!is_readable(address, size)) {
    return false;
  }
  for (std::uintptr_t at = begin; at < begin + size; at = page_end(at)) {
    auto* const byte = reinterpret_cast<char*>(at); // NOLINT(performance-no-int-to-ptr)
    if (const char same = *byte; !copy_out(byte, &same, sizeof same)) {
      return false;
    }
  }
  return true;
}

bool copy_in(void* into, const void* from, std::size_t size) noexcept {
  if (!is_readable(from, size)) {
    return false;
  }
  std::memcpy(into, from, size);
  return true;
}

bool copy_out(void* into, const void* from, std::size_t size) noexcept {
  const iovec here = {const_cast<void*>(from), size};
  const iovec there = {into, size};
  const auto put = sys::call(SYS_process_vm_writev, OwnProcess::number(), reinterpret_cast<long>(&here), 1,
                             reinterpret_cast<long>(&there), 1, 0);
  if (put) {
    return static_cast<std::size_t>(*put) == size;
  }
  if (put.error() == Errno{EFAULT}) {
    return false;
  }
  std::memcpy(into, from, size); // a filter refuses the call
  return true;
}

} // namespace daxemu::preload
