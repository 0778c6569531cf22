daxemu_unit_test(unit_store location_test.cpp node_table_test.cpp process_slots_test.cpp store_mounts_test.cpp store_test.cpp LINK emu_store)
