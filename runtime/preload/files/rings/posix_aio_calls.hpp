// aio_read(3) and its kin: libc performs them on threads of its own, where the calls are not interposed. What would
// reach a device's memory file that way is finished at once, with the error that device-dax gives.
#pragma once

#include <aio.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/nodes/device_rules.hpp"

namespace daxemu::preload {

// A request for `operation` on its aio_fildes. Returns what the call returns: 0 where the request is a device's, whose
// aio_error(3) then says why, else what `real` says.
int queue_request(aiocb* request, Operation operation, FunctionRef<int()> real);

// lio_listio(3): requests on devices are finished, the others go on; `real` gets a list that has null in their places.
int queue_list(int mode, aiocb* const* list, int count, FunctionRef<int(aiocb* const*)> real);

} // namespace daxemu::preload
