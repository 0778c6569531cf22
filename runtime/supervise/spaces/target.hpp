// A thread of the program that waits for an answer: its memory, its names and its descriptors. What is read while it
// waits may be changed by its other threads, as what the kernel itself reads may.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>
#include <sys/uio.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::supervise {

class Target {
public:
  explicit Target(pid_t thread) : thread_(thread) {}

  [[nodiscard]] pid_t thread() const { return thread_; }
  [[nodiscard]] pid_t process() const; // the thread group's

  // EFAULT: not all of it is there.
  [[nodiscard]] Result<void> read(void* into, std::uint64_t address, std::size_t size) const;
  // As much as is there, page by page; 0: nothing.
  [[nodiscard]] std::size_t read_some(void* into, std::uint64_t address, std::size_t size) const;
  [[nodiscard]] Result<void> write(std::uint64_t address, const void* from, std::size_t size) const;
  // Piece by piece, as many of the one as of the other, and as long; at most UIO_MAXIOV (1024).
  [[nodiscard]] Result<void> write(std::span<const iovec> from, std::span<const iovec> places) const;
  // getname(): EFAULT, ENAMETOOLONG.
  [[nodiscard]] Result<std::string> text(std::uint64_t address) const;

  // Where relative paths begin: the text of a link in /proc. Errors: ENOENT (it has no name any more), EBADF.
  [[nodiscard]] Result<std::string> directory() const;
  [[nodiscard]] Result<std::string> name_of(int fd) const;
  // In another root directory than ours, a path means something else.
  [[nodiscard]] bool shares_root() const;

  // A file of its folder in /proc, whole; empty if it cannot be read.
  [[nodiscard]] std::string proc_file(const char* name) const;

  // Our own number for the open file behind `fd`. Errors: EBADF, EPERM (we may not look into it).
  [[nodiscard]] Result<UniqueFd> descriptor(int fd) const;
  // A free number from `first` on: the lowest, unless many are taken.
  [[nodiscard]] int free_number(int first) const;
  [[nodiscard]] bool has_number(int fd) const;
  // Its limit of them (RLIMIT_NOFILE).
  [[nodiscard]] std::uint64_t most_descriptors() const;

  // Of /proc/PID/stat: 0 if it is gone.
  [[nodiscard]] static pid_t parent_of(pid_t process, std::uint64_t* started, bool* is_dead = nullptr);

private:
  [[nodiscard]] Result<std::string> link(const std::string& name) const;

  pid_t thread_;
  mutable pid_t process_ = 0;
};

} // namespace daxemu::supervise
