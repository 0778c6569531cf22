// A CXL topology as it was before somebody began to change it, for whoever finds that one dead. Only the records that
// have ever been used are copied.
#pragma once

#include "emu/store/records/cxl_records.hpp"

namespace daxemu::store {

void keep_topology(CxlRecord& record);
void forget_topology(CxlRecord& record);
// What was kept is the state again; without, nothing.
void put_topology_back(CxlRecord& record);

} // namespace daxemu::store
