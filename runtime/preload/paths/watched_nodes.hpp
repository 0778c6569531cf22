// A watch of /dev is told of the files in it by name. The nodes of the platform are none of its files, so the same
// inotify instance watches the files that stand for them as well (store::NodeSlot: those of devices that are still to
// come too), and what is read from it is put right (watch_events.hpp). Which of its watches are ours, and for whom, is
// said by their masks, which the kernel keeps with the open file (watch_list.hpp): nothing is to be remembered here.
//
// One instance has one watch of a file: what the program wants of the node itself and what /dev's watch wants of it
// share one. Its mask says both, in bits that never come true of an empty file without a name:
//   kEvents                 what either wants
//   kEvents << kOwnShift    what the program wants of the node itself, if kOwn
//   kNews                   /dev is watched, and is to be told that the node comes and goes
//   (emu/dax/memory/node_news.hpp)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <sys/inotify.h>

#include "runtime/preload/names/context.hpp"
#include "runtime/preload/nodes/watch_list.hpp"

namespace daxemu::preload {

struct NodeMask {
  static constexpr std::uint32_t kEvents = IN_ATTRIB | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE | IN_OPEN;
  static constexpr unsigned kOwnShift = 4;
  static constexpr std::uint32_t kNews = IN_ACCESS | IN_MODIFY;
  static constexpr std::uint32_t kOwn = IN_MOVE_SELF;
  static constexpr std::uint32_t kQuiet = IN_MOVED_FROM; // nobody wants anything any more

  // `own`: of the node; `directory`: of /dev.
  [[nodiscard]] static constexpr std::uint32_t of(std::optional<std::uint32_t> own,
                                                  std::optional<std::uint32_t> directory) {
    std::uint32_t mask = own ? kOwn | (*own & (kEvents | IN_DELETE_SELF)) | ((*own & kEvents) << kOwnShift) : 0;
    mask |= directory ? kNews | (*directory & kEvents) : 0;
    return mask != 0 ? mask : kQuiet;
  }
  [[nodiscard]] static constexpr std::optional<std::uint32_t> own_of(std::uint32_t mask) {
    return (mask & kOwn) != 0 ? std::optional(((mask >> kOwnShift) & kEvents) | (mask & IN_DELETE_SELF)) : std::nullopt;
  }
};

class WatchedNodes {
public:
  struct Mark {
    int wd = -1; // -1: none
    std::uint32_t mask = 0;
  };

  WatchedNodes(const Context& context, int fd) noexcept;

  // The watch of /dev.
  [[nodiscard]] const std::optional<Watch>& directory() const { return directory_; }
  // Of the node file of that slot of the store.
  [[nodiscard]] const Mark* of_slot(std::size_t slot) const {
    return slot < marks_.size() && marks_[slot].wd >= 0 ? &marks_[slot] : nullptr;
  }
  // Of a device's node.
  [[nodiscard]] const Mark* of_node(const Context& context, const store::NodeRecord& node) const;
  // The slot whose node is watched by that number.
  [[nodiscard]] std::optional<std::size_t> slot_of(int wd) const;

private:
  std::array<Mark, 256> marks_{};
  std::optional<Watch> directory_;
};

// Watches the nodes, or no more, as the watch of /dev that `fd` has by now, or has no more, wants it.
void follow_directory(const Context& context, int fd) noexcept;

} // namespace daxemu::preload
