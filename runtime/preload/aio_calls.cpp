#include "runtime/preload/aio_calls.hpp"

#include <cerrno>

#include <linux/aio_abi.h>

#include "runtime/preload/context.hpp"

namespace daxemu::preload {

long submit_aio(long* words, FunctionRef<long()> real) {
  Context* context = Context::get();
  const long count = words[1];
  auto* const* requests = reinterpret_cast<iocb**>(words[2]);
  if (context == nullptr || count <= 0 || requests == nullptr) {
    return real();
  }
  for (long at = 0; at < count; ++at) {
    if (requests[at] == nullptr || context->device_of(static_cast<int>(requests[at]->aio_fildes)) == nullptr ||
        requests[at]->aio_lio_opcode == IOCB_CMD_POLL) {
      continue;
    }
    if (at == 0) {
      errno = EINVAL;
      return -1;
    }
    words[1] = at;
    break;
  }
  return real();
}

} // namespace daxemu::preload
