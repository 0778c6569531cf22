# Devices whose contents come from an image, while a program runs on them.
add_executable(interval_program programs/interval_program.c)
target_compile_definitions(interval_program PRIVATE _GNU_SOURCE)
daxemu_client_test(interval.shmem screens/interval_test.sh ARGS shmem)
daxemu_client_test(interval.hugetlb screens/interval_test.sh HUGETLB ARGS hugetlb)
add_executable(full_extents_program programs/full_extents_program.c)
daxemu_client_test(full_disk screens/full_disk_test.sh ARGS $<TARGET_FILE:full_extents_program>)
