daxemu_unit_test(unit_dax builder_test.cpp LINK emu_dax)
