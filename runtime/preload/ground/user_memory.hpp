// What a program hands to a call may be anything: a null pointer, unmapped memory, text that runs into it. The kernel
// says EFAULT, so a call of ours must not touch such memory before the kernel has. Where a call is the kernel's first
// anyway, its answer tells; elsewhere these ask. They change nothing, allocate nothing and may be called anywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace daxemu::preload {

// Can the word (8 bytes) around `address` be read? One system call of some 60 ns: rt_sigprocmask(2) reads a set before
// it looks at what to do with it.
[[nodiscard]] bool is_readable(const void* address) noexcept;
// Can all `size` bytes be? One such call for each page.
[[nodiscard]] bool is_readable(const void* address, std::size_t size) noexcept;

// Is the address one that a program can have at all (access_ok() of no bytes)?
[[nodiscard]] inline bool is_users(const void* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address) < (std::uintptr_t{1} << 47);
}

// Is there text that ends within PATH_MAX bytes? False: EFAULT or ENAMETOOLONG, as getname() has it.
[[nodiscard]] bool is_text(const char* text) noexcept;

// The same questions of things that lie side by side: no second system call for a page.
class ReadablePages {
public:
  // The word around `address`; it may go on into the next page.
  [[nodiscard]] bool readable(const void* address) noexcept;
  [[nodiscard]] bool readable(const void* address, std::size_t size) noexcept;
  // Text that ends within `most` bytes.
  [[nodiscard]] bool text(const char* text, std::size_t most) noexcept;

private:
  // The last ones that could be read, by turns; 0: none, for nobody maps the first page. Texts of an environment lie in
  // two or three places.
  std::array<std::uintptr_t, 4> known_{};
  unsigned next_ = 0;
};

// The same of every text of a list that ends with a null pointer (argv, an environment), and of the list itself. Takes
// no second look at a page.
[[nodiscard]] bool is_text_list(char* const* list) noexcept;

// Can all `size` bytes be written? Writes again what is there: for memory that nobody else uses meanwhile.
[[nodiscard]] bool is_writable(void* address, std::size_t size) noexcept;

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
