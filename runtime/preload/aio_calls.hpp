// io_submit(2). Requests on a device are refused as its read and write are (io_submit_one: no read_iter).
#pragma once

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// `words`: the context, the number of requests, the array of pointers to them. The requests before the first on a
// device are submitted; if that is none, the call fails.
long submit_aio(long* words, FunctionRef<long()> real);

} // namespace daxemu::preload
