// What a decoder's registers say when the kernel finds it (init_hdm_decoder()): what was committed last, which outlives
// the port.
#pragma once

#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// cxl_decoder_commit(). A reset clears the commit bit, start and size, nothing else.
void program_registers(const store::Store& store, const CxlDecoderRecord& decoder);

// The decoder of a host bridge, switch or endpoint begins with what its registers say.
void read_registers(const store::Store& store, CxlDecoderRecord& decoder);

// A dport that comes after its port's decoders is the target of each of them that names it first
// (update_decoder_targets()).
void fill_targets(const store::Store& store, const CxlDportRecord& dport);

} // namespace daxemu::cxl
