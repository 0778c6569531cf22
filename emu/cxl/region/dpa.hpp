// Endpoint decoders: which device addresses they take (drivers/cxl/core/hdm.c). The caller holds a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// mode_store(): cxl_dpa_set_mode().
Result<void> set_mode(const store::Store& store, CxlDecoderRecord& decoder, CxlMode mode);
// dpa_size_store(): frees what it has, then allocates behind what the decoders before it have. 0: only frees.
Result<void> set_dpa_size(const store::Store& store, CxlDecoderRecord& decoder, std::uint64_t size);

} // namespace daxemu::cxl
