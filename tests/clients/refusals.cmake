# Bad input: one clear message with the value and a remedy, the right exit status, nothing left behind.
add_executable(static_program programs/static_program.c)
target_link_options(static_program PRIVATE -static $<$<C_COMPILER_ID:GNU>:-no-pie>) # clang takes -static for that
set_target_properties(static_program PROPERTIES POSITION_INDEPENDENT_CODE OFF)
add_executable(go_like_program programs/go_like_program.c)
daxemu_client_test(refusals calls/refusals_test.sh HUGETLB)
daxemu_client_test(unserved processes/unserved_test.sh)
set_tests_properties(client.refusals PROPERTIES RUN_SERIAL ON) # it counts free pages, which any device may come from
