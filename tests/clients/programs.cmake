# Programs that never touch the device behave as without daxemu; `run` itself is invisible to what it runs.
daxemu_client_test(plain_programs plain_programs_test.sh TIMEOUT 300)
daxemu_client_test(exit_status exit_status_test.sh)
daxemu_client_test(signals signals_test.sh)
daxemu_client_test(streams streams_test.sh)
daxemu_client_test(nested nested_test.sh)
daxemu_client_test(overhead overhead_test.sh TIMEOUT 300)
set_tests_properties(client.overhead PROPERTIES RUN_SERIAL ON) # it looks at the clock
add_executable(path_calls_program path_calls_program.c)
add_library(other_library SHARED other_library.c)
daxemu_client_test(path_calls path_calls_test.sh ARGS $<TARGET_FILE:path_calls_program> $<TARGET_FILE:other_library>)
add_executable(trace_program trace_program.c)
target_compile_options(trace_program PRIVATE -g -O1)
daxemu_client_test(trace trace_test.sh)
add_library(early_allocator SHARED early_allocator.c)
target_compile_options(early_allocator PRIVATE -fno-builtin)
if(NOT DAXEMU_SANITIZE) # whose own allocator it would be
  daxemu_client_test(early_allocator early_allocator_test.sh ARGS $<TARGET_FILE:early_allocator>)
endif()
# What clients ask the kernel past us, by strace, against the list of what may.
daxemu_client_test(calls calls_test.sh TIMEOUT 300)
