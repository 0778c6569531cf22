# The guest script's contract: what comes back of a command that ran on the kernel's own device-dax. Slow where there is no KVM.
foreach(case bad_input returns regions time panic boots_again files newer no_kernel cxl cxl_old_qemu)
  daxemu_client_test(guest.${case} guest_test.sh TIMEOUT 400 ARGS ${case})
  set_tests_properties(client.guest.${case} PROPERTIES LABELS "clients;guest")
endforeach()
