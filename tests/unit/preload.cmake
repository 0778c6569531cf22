daxemu_unit_test(unit_preload preload/preload_files_test.cpp preload/preload_mounts_test.cpp preload/preload_next_symbol_test.cpp preload/preload_open_texts_test.cpp preload/preload_own_variables_test.cpp preload/preload_path_bytes_test.cpp preload/preload_process_test.cpp
  preload/preload_resolver_test.cpp preload/preload_shared_file_systems_test.cpp preload/preload_walk_test.cpp preload/preload_watch_test.cpp
  LINK runtime_preload emu_backing)

add_executable(preload_program preload/programs/preload_program.cpp)
target_link_libraries(preload_program PRIVATE daxemu_options)
add_test(NAME preload.program
  COMMAND daxemu run --mode emulate --backing shmem --size 64M --align 2M -- $<TARGET_FILE:preload_program>)
set_tests_properties(preload.program PROPERTIES LABELS unit TIMEOUT 120 ENVIRONMENT "DAXEMU_PLATFORM=;DAXEMU=")

add_executable(preload_texts_program preload/programs/preload_texts_program.cpp)
target_link_libraries(preload_texts_program PRIVATE daxemu_options)
add_test(NAME preload.texts
  COMMAND daxemu run --mode emulate --backing shmem --size 64M --align 2M -- $<TARGET_FILE:preload_texts_program>)
set_tests_properties(preload.texts PROPERTIES LABELS unit TIMEOUT 120 ENVIRONMENT "DAXEMU_PLATFORM=;DAXEMU=")

add_executable(preload_calls_program preload/programs/preload_calls_program.cpp)
target_link_libraries(preload_calls_program PRIVATE daxemu_options PkgConfig::LIBURING)
add_test(NAME preload.calls
  COMMAND daxemu run --mode emulate --backing shmem --size 64M --align 2M -- $<TARGET_FILE:preload_calls_program>)
set_tests_properties(preload.calls PROPERTIES LABELS unit TIMEOUT 120 ENVIRONMENT "DAXEMU_PLATFORM=;DAXEMU=")

add_executable(preload_ring_program preload/programs/preload_ring_program.cpp)
target_link_libraries(preload_ring_program PRIVATE daxemu_options PkgConfig::LIBURING)
add_test(NAME preload.ring
  COMMAND daxemu run --mode emulate --backing shmem --size 64M --align 2M -- $<TARGET_FILE:preload_ring_program>)
set_tests_properties(preload.ring PROPERTIES LABELS unit TIMEOUT 120 SKIP_RETURN_CODE 77 ENVIRONMENT "DAXEMU_PLATFORM=;DAXEMU=")

add_executable(preload_names_program preload/programs/preload_names_program.cpp)
target_link_libraries(preload_names_program PRIVATE daxemu_options Threads::Threads)
add_test(NAME preload.names
  COMMAND daxemu run --mode emulate --backing shmem --size 64M --align 2M --free 4M -- $<TARGET_FILE:preload_names_program>)
set_tests_properties(preload.names PROPERTIES LABELS unit TIMEOUT 120 ENVIRONMENT "DAXEMU_PLATFORM=;DAXEMU=")
add_executable(preload_disk_test preload/programs/preload_disk_test.cpp)
target_link_libraries(preload_disk_test PRIVATE daxemu_options GTest::gtest_main PkgConfig::LIBURING)
add_test(NAME preload.disk
  COMMAND daxemu run --mode emulate --backing shmem --region pmem --size 64M --align 2M -- $<TARGET_FILE:preload_disk_test>)
set_tests_properties(preload.disk PROPERTIES LABELS unit TIMEOUT 120 ENVIRONMENT "DAXEMU_PLATFORM=;DAXEMU=")
add_executable(preload_waits_program preload/programs/preload_waits_program.cpp)
target_link_libraries(preload_waits_program PRIVATE daxemu_options GTest::gtest_main Threads::Threads)
add_test(NAME preload.waits
  COMMAND daxemu run --mode emulate --region cxl --preset cxl_test -- $<TARGET_FILE:preload_waits_program>)
set_tests_properties(preload.waits PROPERTIES LABELS unit TIMEOUT 120 ENVIRONMENT "DAXEMU_PLATFORM=;DAXEMU=")

if(NOT DAXEMU_SANITIZE) # there nothing is put off
  add_executable(preload_start_test preload/programs/preload_start_test.cpp)
  target_link_libraries(preload_start_test PRIVATE daxemu_options GTest::gtest_main Threads::Threads)
  add_test(NAME preload.start
    COMMAND daxemu run --mode emulate --backing shmem --size 64M --align 2M -- $<TARGET_FILE:preload_start_test>)
  set_tests_properties(preload.start PROPERTIES LABELS unit TIMEOUT 120 ENVIRONMENT "DAXEMU_PLATFORM=;DAXEMU=")
endif()
