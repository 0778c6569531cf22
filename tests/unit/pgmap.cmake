daxemu_unit_test(unit_pgmap pgmap_behaviour_test.cpp pgmap_failure_test.cpp pgmap_file_layout_test.cpp
  pgmap_lifetime_test.cpp LINK emu_pgmap)
