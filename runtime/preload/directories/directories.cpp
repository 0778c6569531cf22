#include "runtime/preload/directories/directories.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/sysfs/schema/kernfs_order.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/nodes/descriptors.hpp"

namespace daxemu::preload {
namespace {

static_assert(sizeof(struct dirent) == sizeof(struct dirent64));

unsigned char dirent_type(sysfs::NodeType type) {
  constexpr unsigned char kTypes[] = {DT_DIR, DT_REG, DT_LNK, DT_CHR, DT_BLK}; // in the order of NodeType
  return kTypes[static_cast<std::size_t>(type)];
}

bool is_private_number(const char* name) {
  return *name >= '0' && *name <= '9' && fault::PrivateFds::owns(std::atoi(name));
}

// "/proc/PID/fd", "/proc/PID/fdinfo" or "/proc/PID/task/TID/fd" of this process.
bool lists_own_descriptors(int fd) {
  PathText path;
  if (!Descriptors::path_of(fd, path)) {
    return false;
  }
  char own[32];
  std::snprintf(own, sizeof own, "/proc/%d/", static_cast<int>(sys::getpid()));
  const std::string_view text = path.view();
  return text.starts_with(own) && (text.ends_with("/fd") || text.ends_with("/fdinfo"));
}

std::string_view directory_above(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

ino_t inode_of(const Context& context, std::string_view path) {
  if (const auto node = context.tree().lookup(path); node && !node->shared) {
    return node->inode;
  }
  const auto about = sys::fstatat(AT_FDCWD, std::string(path).c_str(), 0);
  return about ? about->st_ino : 1;
}

} // namespace

Result<std::unique_ptr<Directory>> Directory::over(const Context& context, const sysfs::Node& node, UniqueFd fd,
                                                   bool own_descriptors) {
  std::unique_ptr<Directory> made(new Directory(node, std::move(fd), own_descriptors));
  if (auto filled = made->fill(context); !filled) {
    (void)made->fd_.release(); // fdopendir leaves it to its owner
    return tl::unexpected(filled.error());
  }
  return made;
}

Result<std::unique_ptr<Directory>> Directory::open(const Context& context, const sysfs::Node& node) {
  auto stand_in = context.files().bare(node);
  if (!stand_in) {
    return tl::unexpected(stand_in.error());
  }
  std::unique_ptr<Directory> made(new Directory(node, std::move(*stand_in), false));
  made->bare_.store(true, std::memory_order_relaxed);
  if (auto filled = made->fill(context); !filled) {
    return tl::unexpected(filled.error());
  }
  return made;
}

int Directory::fd(const Context& context) noexcept {
  if (bare_.exchange(false)) {
    context.files().finish(fd_.get(), node_, kListingFlags);
  }
  return fd_.get();
}

Result<void> Directory::fill(const Context& context) {
  entries_.clear();
  next_ = 0;
  if (own_descriptors_) {
    return add_real(context);
  }
  if (node_.shared && !Descriptors::is_vnode(fd_.get())) {
    if (auto real = add_real(context); !real) {
      return real;
    }
  } else {
    add(".", inode_of(context, node_.path.view()), DT_DIR);
    add("..", inode_of(context, directory_above(node_.path.view())), DT_DIR);
  }
  return add_emulated(context);
}

Result<void> Directory::add_emulated(const Context& context) {
  std::unordered_set<std::string> taken;
  if (entries_.size() > 2) {
    for (const struct dirent& entry : entries_) {
      taken.emplace(entry.d_name);
    }
  }
  auto listed = context.tree().list(node_, [&](const sysfs::Entry& entry) {
    if (taken.contains(std::string(entry.name))) { // an emulated node hides the real one of its name
      std::erase_if(entries_, [&](const struct dirent& real) { return entry.name == real.d_name; });
    }
    add(entry.name, entry.inode, dirent_type(entry.type));
  });
  if (listed) {
    order();
  }
  return listed;
}

// Below /sys as kernfs lists it; where the real directory has entries too, ours are among them as the real ones would
// be.
void Directory::order() {
  if (!node_.path.view().starts_with("/sys") || entries_.size() < 2) {
    return;
  }
  std::vector<std::pair<sysfs::KernfsName, std::size_t>> places; // and where in entries_
  places.reserve(entries_.size() - 2);
  for (std::size_t at = 2; at < entries_.size(); ++at) {
    places.emplace_back(std::string_view(entries_[at].d_name), at);
  }
  std::sort(places.begin(), places.end());
  std::vector<struct dirent> ordered(entries_.begin(), entries_.begin() + 2);
  ordered.reserve(entries_.size());
  for (const auto& [name, at] : places) {
    ordered.push_back(entries_[at]);
  }
  entries_.swap(ordered);
  for (std::size_t at = 0; at < entries_.size(); ++at) {
    entries_[at].d_off = static_cast<off_t>(at + 1);
  }
}

Result<void> Directory::add_real(const Context& context) {
  // A listing takes no position of the caller's: the description is his, so put it at the start and read it whole.
  (void)sys::call(SYS_lseek, fd_.get(), 0, SEEK_SET);
  alignas(struct dirent64) std::array<char, 16384> buffer;
  for (;;) {
    const auto length = sys::call(SYS_getdents64, fd_.get(), reinterpret_cast<long>(buffer.data()), buffer.size());
    if (!length) {
      return tl::unexpected(length.error());
    }
    if (*length == 0) {
      return {};
    }
    for (long at = 0; at < *length;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer.data() + at);
      const bool kept = own_descriptors_ ? !is_private_number(entry->d_name)
                                         : !context.hidden().is_one(node_.path.view(), entry->d_name);
      if (kept) {
        add(entry->d_name, entry->d_ino, entry->d_type);
      }
      at += entry->d_reclen;
    }
  }
}

void Directory::add(std::string_view name, ino_t inode, unsigned char type) {
  struct dirent entry {};
  entry.d_ino = inode;
  entry.d_off = static_cast<off_t>(entries_.size() + 1);
  entry.d_reclen = sizeof entry;
  entry.d_type = type;
  std::memcpy(entry.d_name, name.data(), std::min(name.size(), sizeof entry.d_name - 1));
  entries_.push_back(entry);
}

struct dirent* Directory::read() noexcept {
  return next_ < entries_.size() ? &entries_[next_++] : nullptr;
}

void Directory::rewind(const Context& context) {
  if (!fill(context)) { // gone meanwhile: an empty directory
    entries_.clear();
  }
}

DAXEMU_OFTEN constinit std::atomic<int> Directories::open_{0};
constinit std::mutex Directories::mutex_;
DAXEMU_AT_START constinit bool Directories::forking_ = false;

DAXEMU_START_PATH void Directories::before_fork() noexcept {
  if (__libc_single_threaded == 0) {
    mutex_.lock();
    forking_ = true;
  }
}

DAXEMU_START_PATH void Directories::after_fork() noexcept {
  if (forking_) {
    forking_ = false;
    mutex_.unlock();
  }
}

std::vector<std::unique_ptr<Directory>>& Directories::streams() {
  static auto* const all = new std::vector<std::unique_ptr<Directory>>; // never destroyed: exit handlers may list
  return *all;
}

DAXEMU_START_PATH Directory* Directories::find(DIR* stream) noexcept {
  if (none()) {
    return nullptr;
  }
  const std::lock_guard lock(mutex_);
  for (const auto& candidate : streams()) {
    if (reinterpret_cast<DIR*>(candidate.get()) == stream) {
      return candidate.get();
    }
  }
  return nullptr;
}

DIR* Directories::add(std::unique_ptr<Directory> directory) {
  const std::lock_guard lock(mutex_);
  auto* const stream = reinterpret_cast<DIR*>(directory.get());
  streams().push_back(std::move(directory));
  open_.fetch_add(1, std::memory_order_release);
  return stream;
}

std::unique_ptr<Directory> Directories::remove(DIR* stream) noexcept {
  if (none()) {
    return nullptr;
  }
  const std::lock_guard lock(mutex_);
  auto& all = streams();
  const auto found = std::find_if(all.begin(), all.end(), [stream](const auto& candidate) {
    return reinterpret_cast<DIR*>(candidate.get()) == stream;
  });
  if (found == all.end()) {
    return nullptr;
  }
  std::unique_ptr<Directory> taken = std::move(*found);
  all.erase(found);
  open_.fetch_sub(1, std::memory_order_release);
  return taken;
}

bool Directories::concern(const Context& context, int fd) {
  return lists_own_descriptors(fd) || context.descriptors().node(fd).has_value();
}

Result<DIR*> Directories::adopt(const Context& context, int fd) {
  if (FdTable::is_foreign(fd)) {
    return nullptr;
  }
  const FdClass what = context.descriptors().classify(fd);
  if (is_character(what) || what == FdClass::disk || what == FdClass::attribute) {
    return fail(ENOTDIR);
  }
  if (what != FdClass::directory) {
    return nullptr;
  }
  const bool own_descriptors = lists_own_descriptors(fd);
  const auto node = own_descriptors ? Result<sysfs::Node>(sysfs::Node{}) : context.descriptors().node(fd);
  if (!node) {
    return node.error().value == EBADF ? Result<DIR*>(nullptr) : fail(ENOENT);
  }
  auto made = Directory::over(context, *node, UniqueFd(fd), own_descriptors);
  if (!made) {
    return tl::unexpected(made.error());
  }
  return add(std::move(*made));
}

} // namespace daxemu::preload
