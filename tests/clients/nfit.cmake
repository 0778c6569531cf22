# Regions of DIMMs with labels (nfit/README.md).
add_executable(nfit_touch nfit/touch.c)
daxemu_client_test(nfit.labels nfit/nfit_test.sh KERNEL 6.12)
daxemu_client_test(nfit.errors nfit/nfit_errors_test.sh)
