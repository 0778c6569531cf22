daxemu_unit_test(unit_pgmap pgmap/pgmap_behaviour_test.cpp pgmap/pgmap_failure_test.cpp pgmap/pgmap_file_layout_test.cpp
  pgmap/pgmap_holder_test.cpp pgmap/pgmap_lifetime_test.cpp pgmap/pgmap_page_test.cpp LINK emu_pgmap)
target_compile_definitions(unit_pgmap PRIVATE DAXEMU_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
