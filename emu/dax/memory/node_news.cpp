#include "emu/dax/memory/node_news.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::dax {

void tell_watchers(const store::NodeRecord& node, NodeNews news) {
  if (node.location.empty()) {
    return;
  }
  const timespec now = {.tv_sec = 0, .tv_nsec = UTIME_NOW};
  const timespec same = {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
  const timespec times[] = {news == NodeNews::came ? now : same, news == NodeNews::came ? same : now};
  (void)sys::call(SYS_utimensat, AT_FDCWD, reinterpret_cast<long>(node.location.c_str()), reinterpret_cast<long>(times),
                  0);
}

} // namespace daxemu::dax
