daxemu_unit_test(unit_cxl_derived cxl_derived/dax_region_test.cpp cxl_derived/media_test.cpp cxl_derived/nd_region_test.cpp cxl_derived/share_test.cpp LINK emu_procfs emu_sysfs emu_cxl emu_backing)
