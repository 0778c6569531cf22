// What a program hands to a call may be anything: a null pointer, unmapped memory, text that runs into it. The kernel
// says EFAULT, so a call of ours must not touch such memory before the kernel has. Where a call is the kernel's first
// anyway, its answer tells; elsewhere these ask. They change nothing, allocate nothing and may be called anywhere.
#pragma once

#include <cstddef>

namespace daxemu::preload {

// Can the word (8 bytes) around `address` be read? One system call of some 60 ns: rt_sigprocmask(2) reads a set before
// it looks at what to do with it.
[[nodiscard]] bool is_readable(const void* address) noexcept;
// Can all `size` bytes be? One such call for each page.
[[nodiscard]] bool is_readable(const void* address, std::size_t size) noexcept;

// Is there text, ended within PATH_MAX bytes or longer than that? False: EFAULT, as strncpy_from_user() has it.
[[nodiscard]] bool is_text(const char* text) noexcept;

// copy_from_user(). False: not all of it can be read.
[[nodiscard]] bool copy_in(void* into, const void* from, std::size_t size) noexcept;
// copy_to_user(): some 300 ns. False: not all of it can be written.
[[nodiscard]] bool copy_out(void* into, const void* from, std::size_t size) noexcept;

// One value of the program's.
template <class T>
[[nodiscard]] bool copy_in(T& into, const T* from) noexcept {
  return copy_in(&into, from, sizeof into);
}
template <class T>
[[nodiscard]] bool copy_out(T* into, const T& value) noexcept {
  return copy_out(into, &value, sizeof value);
}

} // namespace daxemu::preload
