# How instructions grow with what is there besides: counted, not timed.
if(NOT DAXEMU_SANITIZE) # valgrind and sanitizers exclude each other
  add_executable(growth_program growth/growth_program.cpp)
  target_link_libraries(growth_program PRIVATE daxemu_options runtime_supervise runtime_fault emu_sysfs emu_dax emu_backing)
  add_test(NAME unit.growth COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/growth/growth_test.sh $<TARGET_FILE:growth_program>)
  set_tests_properties(unit.growth PROPERTIES LABELS unit TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()
