daxemu_unit_test(unit_store store/location_test.cpp store/node_table_test.cpp store/process_slots_test.cpp store/store_mounts_test.cpp store/store_test.cpp LINK emu_store)
