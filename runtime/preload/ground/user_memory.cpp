#include "runtime/preload/ground/user_memory.hpp"

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>

#include <sys/syscall.h>
#include <sys/uio.h>

#include "emu/base/sys.hpp"
#include "emu/base/units.hpp"

namespace daxemu::preload {
namespace {

constexpr std::uintptr_t kWord = 8; // the kernel's sigset_t
constexpr long kNoSuchHow = -1;     // neither SIG_BLOCK nor another: EINVAL once the set has been read

std::uintptr_t page_end(std::uintptr_t address) {
  return (address | (kPageSize - 1)) + 1;
}

} // namespace

bool is_readable(const void* address) noexcept {
  const auto word = reinterpret_cast<std::uintptr_t>(address) & ~(kWord - 1); // within one page
  const auto asked = sys::call(SYS_rt_sigprocmask, kNoSuchHow, static_cast<long>(word), 0, kWord);
  return asked.has_value() || asked.error() != Errno{EFAULT};
}

bool is_readable(const void* address, std::size_t size) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  if (begin + size < begin) {
    return false;
  }
  for (std::uintptr_t at = begin; at < begin + size; at = page_end(at)) {
    if (!is_readable(reinterpret_cast<const void*>(at))) {
      return false;
    }
  }
  return true;
}

bool is_text(const char* text) noexcept {
  const char* const limit = text + PATH_MAX;
  for (const char* at = text; at < limit;) {
    if (!is_readable(at)) {
      return false;
    }
    const auto* const end = reinterpret_cast<const char*>(page_end(reinterpret_cast<std::uintptr_t>(at)));
    if (std::memchr(at, '\0', static_cast<std::size_t>(end - at)) != nullptr) {
      return true;
    }
    at = end;
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
  const auto put = sys::call(SYS_process_vm_writev, sys::getpid(), reinterpret_cast<long>(&here), 1,
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
