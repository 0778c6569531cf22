daxemu_unit_test(unit_store store_test.cpp LINK emu_store)
