#include "runtime/preload/files/told_refusals.hpp"

#include <cerrno>

#include "emu/trace/why.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {

void note_device_refusal(int fd, Operation operation, int error) {
  if (!trace::explains()) {
    return;
  }
  const Context* context = fd < 0 ? nullptr : Context::get();
  const store::DeviceRecord* device = context == nullptr ? nullptr : context->device_of(fd);
  const trace::Reason reason = error == EBADF ? trace::Reason::descriptor_lacks_right : device_rule(operation).reason;
  (void)trace::because(error, {.reason = reason, .minor = device == nullptr ? trace::kNoDevice : device->minor});
}

} // namespace daxemu::preload
