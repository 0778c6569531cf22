daxemu_unit_test(unit_fault fault/fault_map_rules_test.cpp fault/fault_address_space_test.cpp fault/fault_kernels_test.cpp fault/fault_server_test.cpp fault/fault_slot_order_test.cpp fault/fault_vma_table_test.cpp
  fault/fault_extent_bitmap_test.cpp fault/fault_touch_streams_test.cpp fault/fault_map_ahead_test.cpp fault/fault_core_filter_test.cpp fault/fault_whole_mappings_test.cpp
  fault/fault_memory_failure_test.cpp fault/fault_image_test.cpp fault/fault_bring_once_test.cpp fault/fault_page_maker_test.cpp fault/fault_healed_test.cpp fault/fault_holes_test.cpp
  LINK runtime_fault emu_backing)
