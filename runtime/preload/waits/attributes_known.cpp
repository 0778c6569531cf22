#include "runtime/preload/waits/attributes_known.hpp"

#include <cstdlib>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

constinit std::atomic<bool> looked{false};

// Looks at every open descriptor. False: the list cannot be read.
bool classify_all(const Descriptors& descriptors) {
  const auto list = sys::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!list) {
    return false;
  }
  const UniqueFd closer(*list);
  alignas(dirent64) char entries[1024];
  for (;;) {
    const auto length = sys::call(SYS_getdents64, *list, reinterpret_cast<long>(entries), sizeof entries);
    if (!length || *length <= 0) {
      return length.has_value();
    }
    for (long at = 0; at < *length;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      if (entry->d_name[0] != '.') {
        (void)descriptors.classify(std::atoi(entry->d_name)); // an attribute is known from then on
      }
      at += entry->d_reclen;
    }
  }
}

} // namespace

bool AttributesKnown::look_once() noexcept {
  if (!looked.load(std::memory_order_acquire)) {
    const Context* context = Context::get();
    if (context == nullptr) {
      return true;
    }
    if (!classify_all(context->descriptors())) {
      FdTable::expect_attributes();
    }
    looked.store(true, std::memory_order_release);
  }
  return FdTable::has_no_attributes();
}

} // namespace daxemu::preload
