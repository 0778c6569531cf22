// DIR streams over emulated directories, and over real ones that have emulated entries as well (/dev, /sys/bus). The
// program holds them as DIR*; the hooks ask Directories whether one is ours.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include <dirent.h>
#include <fcntl.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::preload {

class Context;

inline constexpr int kListingFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK; // opendir(3)'s

class Directory {
public:
  // What opendir(3) gives of an emulated directory that is the program's to read. Its descriptor is a bare stand-in
  // until somebody asks for it. Errors: memfd_create(2)'s, the listing's.
  [[nodiscard]] static Result<std::unique_ptr<Directory>> open(const Context& context, const sysfs::Node& node);
  // Takes the descriptor, which is open on `node`, or on the list of this process's descriptors. Errors: the listing's.
  [[nodiscard]] static Result<std::unique_ptr<Directory>> over(const Context& context, const sysfs::Node& node,
                                                               UniqueFd fd, bool own_descriptors = false);

  // The next entry, or nullptr at the end. Valid until rewind() or destruction.
  [[nodiscard]] struct dirent* read() noexcept;
  // Lists anew, as rewinddir(3) promises.
  void rewind(const Context& context);
  [[nodiscard]] long tell() const { return static_cast<long>(next_); }
  void seek(long place) { next_ = static_cast<std::size_t>(place); }
  // The descriptor, as opendir(3) gives it.
  [[nodiscard]] int fd(const Context& context) noexcept;

private:
  Directory(const sysfs::Node& node, UniqueFd fd, bool own_descriptors)
      : node_(node), own_descriptors_(own_descriptors), fd_(std::move(fd)) {}
  Result<void> fill(const Context& context);
  Result<void> add_real(const Context& context);
  void order();
  Result<void> add_emulated(const Context& context);
  void add(std::string_view name, ino_t inode, unsigned char type);

  sysfs::Node node_;
  bool own_descriptors_ = false;  // /proc/PID/fd of this process: the runtime's own are not shown
  std::atomic<bool> bare_{false}; // its descriptor is still VnodeFiles::bare()'s
  UniqueFd fd_;
  std::vector<struct dirent> entries_;
  std::size_t next_ = 0;
};

class __attribute__((visibility("hidden"))) Directories {
public:
  // Is no stream of ours open? Then find() has nothing to say of any.
  [[nodiscard]] static bool none() noexcept { return open_.load(std::memory_order_acquire) == 0; }
  // The stream of ours behind a DIR*, or nullptr. One load while none is open.
  [[nodiscard]] static Directory* find(DIR* stream) noexcept;
  [[nodiscard]] static DIR* add(std::unique_ptr<Directory> directory);
  // Takes it back; destroying it closes its descriptor.
  [[nodiscard]] static std::unique_ptr<Directory> remove(DIR* stream) noexcept;

  // Has the directory that `fd` is open on entries that are emulated or hidden?
  [[nodiscard]] static bool concern(const Context& context, int fd);
  // If `fd` is a directory with emulated entries: a stream over it, which now owns `fd`. nullptr without an error
  // (0): an ordinary directory. Errors: ENOMEM, ENOTDIR, the listing's.
  [[nodiscard]] static Result<DIR*> adopt(const Context& context, int fd);

  // Around fork(2), so that a child of a threaded program finds the list whole. Of a program of one thread there is
  // nothing to wait for, and to take the lock would cost it and its child a copied page each.
  static void before_fork() noexcept;
  static void after_fork() noexcept;

private:
  static std::atomic<int> open_;
  static std::mutex mutex_;
  static bool forking_; // before_fork() has taken it
  static std::vector<std::unique_ptr<Directory>>& streams();
};

} // namespace daxemu::preload
