#include "runtime/preload/files/rings/aio_calls.hpp"

#include <algorithm>

#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/trace/why.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/pins/aio_pins.hpp"

namespace daxemu::preload {
namespace {

// A device has no read_iter; a disk is served by the calls that wait only.
bool is_refused(const Context& context, int fd) {
  return context.device_of(fd) != nullptr || context.descriptors().disk(fd) != nullptr;
}

} // namespace

Result<long> submit_aio(aio_context_t context, long count, iocb** requests, std::uint64_t site) {
  long allowed = count;
  long known = 0; // requests before the first that cannot be read, which is the kernel's to refuse
  ReadablePages list;
  ReadablePages listed;
  Context* ours = Context::get();
  for (; ours != nullptr && known < allowed; ++known) {
    const long at = known;
    constexpr std::size_t kEntry = sizeof(void*); // of a list of pointers
    if (!list.readable(requests + at, kEntry) || !listed.readable(requests[at], sizeof **requests)) {
      break;
    }
    if (requests[at]->aio_lio_opcode != IOCB_CMD_POLL &&
        is_refused(*ours, static_cast<int>(requests[at]->aio_fildes))) {
      if (at == 0) {
        const store::DeviceRecord* device = ours->device_of(static_cast<int>(requests[at]->aio_fildes));
        return trace::because(
            EINVAL, {.reason = device == nullptr ? trace::Reason::disk_has_no_aio : trace::Reason::device_has_no_io,
                     .minor = device == nullptr ? trace::kNoDevice : device->minor});
      }
      allowed = at;
    }
  }
  known = std::min(known, allowed);
  const bool pins = known > 0 && live_space.get() != nullptr;
  if (pins) {
    hold_requests(context, {requests, static_cast<std::size_t>(known)}, site);
  }
  const auto done = sys::call(SYS_io_submit, static_cast<long>(context), allowed, reinterpret_cast<long>(requests));
  if (const long taken = done.value_or(0); pins && taken < known) {
    drop_requests(context, {requests + taken, static_cast<std::size_t>(known - taken)});
  }
  return done;
}

Result<long> destroy_aio(aio_context_t context) {
  auto done = sys::call(SYS_io_destroy, static_cast<long>(context));
  if (done) {
    drop_context(context);
  }
  return done;
}

} // namespace daxemu::preload
