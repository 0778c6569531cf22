# The emulated CXL bus against that of a guest: every file of it, in seventeen states.
foreach(kernel 6.12 7.3)
  daxemu_client_test(cxl.tree.${kernel} cxl_test.sh TIMEOUT 300 ARGS tree ${kernel} 81)
endforeach()
