daxemu_unit_test(unit_fault fault_map_rules_test.cpp fault_address_space_test.cpp fault_vma_table_test.cpp
  fault_touch_streams_test.cpp fault_map_ahead_test.cpp
  LINK runtime_fault emu_backing)
