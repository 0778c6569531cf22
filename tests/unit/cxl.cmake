daxemu_unit_test(unit_cxl cxl/topology_test.cpp LINK emu_cxl)
