daxemu_unit_test(unit_preload preload_files_test.cpp preload_process_test.cpp preload_resolver_test.cpp
  LINK runtime_preload)
add_test(NAME preload.exports COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/preload_exports_test.sh $<TARGET_FILE:daxemu-preload>)
set_tests_properties(preload.exports PROPERTIES LABELS unit TIMEOUT 60)
