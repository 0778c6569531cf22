# Programs in other people's tools: valgrind's, gdb.
find_package(Threads REQUIRED)
add_executable(watched_program watched_program.c)
target_compile_options(watched_program PRIVATE -O1 -g)
target_link_libraries(watched_program PRIVATE Threads::Threads)
if(NOT DAXEMU_SANITIZE) # valgrind and sanitizers exclude each other
  foreach(tool memcheck helgrind drd massif callgrind none)
    daxemu_client_test(valgrind.${tool} valgrind_test.sh TIMEOUT 900 ARGS ${tool})
  endforeach()
  foreach(engine auto handler inline populate)
    daxemu_client_test(debugger.${engine} debugger_test.sh TIMEOUT 400 ARGS ${engine})
  endforeach()
endif()
