daxemu_unit_test(unit_calls calls/calls_complete_test.cpp calls/calls_facts.cpp calls/calls_table_test.cpp)
target_compile_definitions(unit_calls PRIVATE DAXEMU_SOURCE="${PROJECT_SOURCE_DIR}"
  DAXEMU_PRELOAD_FILE="$<TARGET_FILE:daxemu-preload>")
add_dependencies(unit_calls daxemu-preload)
