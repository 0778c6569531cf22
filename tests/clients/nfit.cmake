# Regions of DIMMs with labels (nfit/README.md).
add_executable(nfit_touch nfit/touch.c)
add_executable(nfit_beside nfit/beside.c)
target_link_libraries(nfit_beside PRIVATE Threads::Threads)
daxemu_client_test(nfit.labels nfit/nfit_test.sh KERNEL 6.12)
daxemu_client_test(nfit.errors nfit/nfit_errors_test.sh)
daxemu_client_test(nfit.beside nfit/nfit_beside_test.sh)
