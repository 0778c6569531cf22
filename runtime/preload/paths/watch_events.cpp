#include "runtime/preload/paths/watch_events.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/sysfs/inodes/dev_names.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/paths/watched_nodes.hpp"

namespace daxemu::preload {
namespace {

constexpr std::size_t kEventSize = sizeof(inotify_event);
// An event of a node is the bare structure. It becomes one with a name of up to 63 characters for /dev
// (store::NodeName) and one for the node itself: no more is read than has room then.
constexpr std::size_t kGrowth = 6;
constexpr std::size_t kMostEvents = 4096; // bytes read at once

class Telling {
public:
  Telling(const Context& context, int fd, char* into, std::size_t size)
      : context_(context), fd_(fd), into_(into), size_(size) {}

  void tell(std::span<const char> events) {
    for (std::size_t at = 0; at + kEventSize <= events.size();) {
      inotify_event event{};
      std::memcpy(&event, events.data() + at, kEventSize);
      const std::size_t length = kEventSize + event.len;
      constexpr std::uint32_t kOfInstance = IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT | IN_ISDIR;
      const auto slot = event.len == 0 && (event.mask & kOfInstance) == 0 ? slot_of(event.wd) : std::nullopt;
      if (slot) {
        tell_of_node(*slot, event);
      } else if (event.wd != spent_ || (event.mask & IN_IGNORED) != 0) {
        put_bytes(events.data() + at, std::min(length, events.size() - at));
      }
      at += length;
    }
  }
  [[nodiscard]] std::size_t told() const { return used_; }
  [[nodiscard]] bool lacked_room() const { return lacked_room_; }

private:
  std::optional<std::size_t> slot_of(int wd) {
    if (!nodes_) {
      nodes_.emplace(context_, fd_);
      directory_ = nodes_->directory();
    }
    return nodes_->slot_of(wd);
  }

  // As fsnotify_handle_event() has it: the directory's watch first, then the file's own.
  void tell_of_node(std::size_t slot, const inotify_event& event) {
    const std::uint32_t news = event.mask & NodeMask::kNews;
    if (directory_) {
      const std::uint32_t told = (news & IN_ACCESS) != 0   ? static_cast<std::uint32_t>(IN_CREATE)
                                 : (news & IN_MODIFY) != 0 ? static_cast<std::uint32_t>(IN_DELETE)
                                                           : event.mask & NodeMask::kEvents;
      if ((told & directory_->mask) != 0) {
        sysfs::Path name;
        put(directory_->wd, told, name_of(slot, news != 0, name));
        if ((directory_->mask & IN_ONESHOT) != 0) {
          end_directory();
        }
      }
    } else if ((nodes_->of_slot(slot)->mask & NodeMask::kNews) != 0) {
      follow_directory(context_, fd_); // its one event was another's
    }
    const auto own = NodeMask::own_of(nodes_->of_slot(slot)->mask);
    if (news == 0 && own && (*own & event.mask) != 0) {
      put(event.wd, event.mask, {});
    }
  }

  // IN_ONESHOT has been served: the kernel says IN_IGNORED, and nothing more is told.
  void end_directory() {
    spent_ = directory_->wd;
    (void)sys::call(SYS_inotify_rm_watch, fd_, directory_->wd);
    directory_.reset();
    follow_directory(context_, fd_);
  }

  // By the name it has; what has come or gone, by that of its driver.
  std::string_view name_of(std::size_t slot, bool as_made, sysfs::Path& buffer) const {
    const store::NodeSlot& record = context_.store().node_slots()[slot];
    const std::uint32_t owner = record.owner.load(std::memory_order_acquire);
    if (!as_made && owner != 0 && owner <= context_.store().device_table().size()) {
      if (const sysfs::Node node = context_.tree().node_of(context_.store().device_table()[owner - 1]); !node.gone) {
        buffer = node.path;
        return buffer.view().substr(sysfs::kDevDirectory.size());
      }
    }
    return record.name.view();
  }

  void put(int wd, std::uint32_t mask, std::string_view name) {
    // round_event_name_len() of fs/notify/inotify/inotify_user.c
    const std::size_t length = name.empty() ? 0 : (name.size() + 1 + kEventSize - 1) / kEventSize * kEventSize;
    std::array<char, kEventSize + NAME_MAX + 1 + kEventSize> bytes{};
    inotify_event event{};
    event.wd = wd;
    event.mask = mask;
    event.len = static_cast<std::uint32_t>(length);
    std::memcpy(bytes.data(), &event, kEventSize);
    std::copy_n(name.data(), std::min(name.size(), std::size_t{NAME_MAX}), bytes.data() + kEventSize);
    put_bytes(bytes.data(), kEventSize + length);
  }
  void put_bytes(const char* bytes, std::size_t length) {
    if (size_ - used_ < length) {
      lacked_room_ = true;
      return;
    }
    std::memcpy(into_ + used_, bytes, length);
    used_ += length;
  }

  const Context& context_;
  int fd_;
  char* into_;
  std::size_t size_;
  std::size_t used_ = 0;
  bool lacked_room_ = false;
  int spent_ = INT_MIN; // the number of a watch that has told its one event
  std::optional<WatchedNodes> nodes_;
  std::optional<Watch> directory_;
};

// As many events as `room` has place for once they are told; at least one, whatever its size.
ssize_t read_some(std::span<char> into, std::size_t room, RealRead real) {
  const std::size_t most = std::min(room, into.size());
  std::size_t size = std::clamp(room / kGrowth / kEventSize * kEventSize, kEventSize, most);
  for (;;) {
    const ssize_t got = real(into.data(), size);
    if (got >= 0 || errno != EINVAL || size >= most) {
      return got;
    }
    size = std::min(size + kEventSize, most); // get_one_event(): the first one is larger
  }
}

} // namespace

ssize_t read_events_slow(int fd, void* into, std::size_t size, RealRead real) {
  Context* context = Context::get();
  // What is remembered of a number may be what a vforked child had there.
  if (context == nullptr || size < kEventSize || !is_inotify(fd) || !is_writable(into, std::min(size, kMostEvents))) {
    return real(into, size);
  }
  const std::size_t room = std::min(size, kMostEvents);
  const int kept = errno;
  alignas(inotify_event) std::array<char, kMostEvents> events;
  for (;;) {
    const ssize_t got = read_some(events, room, real);
    if (got <= 0) {
      return got;
    }
    Telling telling(*context, fd, static_cast<char*>(into), room);
    telling.tell(std::span(events).first(static_cast<std::size_t>(got)));
    if (telling.told() != 0) {
      errno = kept;
      return static_cast<ssize_t>(telling.told());
    }
    if (telling.lacked_room()) {
      errno = EINVAL;
      return -1;
    }
  }
}

ssize_t read_events_slow(int fd, const iovec* pieces, int count, RealRead real) {
  ssize_t all = 0;
  for (int at = 0; at < count; ++at) {
    const ssize_t got = read_events_slow(fd, pieces[at].iov_base, pieces[at].iov_len, real);
    if (got < 0) {
      return all != 0 ? all : got;
    }
    all += got;
    if (static_cast<std::size_t>(got) != pieces[at].iov_len) {
      break;
    }
  }
  return all;
}

int told_bytes(int queued) {
  return queued > INT_MAX / static_cast<int>(kGrowth) ? INT_MAX : queued * static_cast<int>(kGrowth);
}

} // namespace daxemu::preload
