// The Coherent Device Attribute Table of a memdev (UEFI CDAT 1.03): which addresses there are, and how fast they are.
#pragma once

#include "emu/store/records/cxl_records.hpp"
#include "emu/sysfs/schema/text.hpp"

namespace daxemu::sysfs {

// What QEMU's cxl-type3 says (build_cdat_table in hw/mem/cxl_type3.c): 15 ns to read, 25 ns to write, 16 GB/s.
void put_cdat(const store::CxlMemdevRecord& memdev, Text& out);

} // namespace daxemu::sysfs
