# What the kernel pins of a device for a program is seen: io_uring, pipes, direct I/O, RDMA; and what `daxemu pins` shows.
add_library(fake_verbs SHARED programs/fake_verbs.c)
set_target_properties(fake_verbs PROPERTIES OUTPUT_NAME ibverbs SOVERSION 1
                      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/fake)
add_executable(pins_program programs/pins_program.c)
target_compile_definitions(pins_program PRIVATE _GNU_SOURCE)
target_link_libraries(pins_program PRIVATE fake_verbs PkgConfig::LIBURING Threads::Threads)
foreach(case buffers refused pipes direct aio regions processes unbind verb)
  daxemu_client_test(pins.${case} calls/pins_test.sh ARGS ${case})
endforeach()
