#include "runtime/preload/paths/watched_nodes.hpp"

#include <algorithm>

#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::preload {

WatchedNodes::WatchedNodes(const Context& context, int fd) noexcept {
  const auto slots = context.store().node_slots();
  each_watch(fd, [&](const Watch& watch) {
    if (context.descriptors().is_of_dev_directory(watch)) {
      directory_ = watch;
      return true;
    }
    for (std::size_t at = 0; at < std::min(slots.size(), marks_.size()); ++at) {
      if (slots[at].node.st_ino == watch.inode && slots[at].node.st_dev == watch.device) {
        marks_[at] = {watch.wd, watch.mask};
      }
    }
    return true;
  });
}

std::optional<std::size_t> WatchedNodes::slot_of(int wd) const {
  if (wd < 0) {
    return std::nullopt;
  }
  const auto* const found =
      std::find_if(marks_.begin(), marks_.end(), [wd](const Mark& mark) { return mark.wd == wd; });
  return found != marks_.end() ? std::optional(static_cast<std::size_t>(found - marks_.begin())) : std::nullopt;
}

const WatchedNodes::Mark* WatchedNodes::of_node(const Context& context, const store::NodeRecord& node) const {
  const auto slots = context.store().node_slots();
  const auto found = std::find_if(slots.begin(), slots.end(), [&](const store::NodeSlot& slot) {
    return slot.node.st_ino == node.st_ino && slot.node.st_dev == node.st_dev;
  });
  return found != slots.end() ? of_slot(static_cast<std::size_t>(found - slots.begin())) : nullptr;
}

void follow_directory(const Context& context, int fd) noexcept {
  const WatchedNodes now(context, fd);
  const auto wanted = now.directory() ? std::optional(now.directory()->mask) : std::nullopt;
  const auto slots = context.store().node_slots();
  for (std::size_t at = 0; at < slots.size(); ++at) {
    const WatchedNodes::Mark* mark = now.of_slot(at);
    if (mark == nullptr && !wanted) {
      continue;
    }
    const std::uint32_t mask = NodeMask::of(mark != nullptr ? NodeMask::own_of(mark->mask) : std::nullopt, wanted);
    if (mark == nullptr || (mark->mask & IN_ALL_EVENTS) != mask) {
      (void)sys::call(SYS_inotify_add_watch, fd, reinterpret_cast<long>(slots[at].node.location.c_str()), mask);
    }
  }
}

} // namespace daxemu::preload
